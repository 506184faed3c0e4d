/** Where an axis has its marks: at even numbers of people (1, 2 or 5 times a power of ten), as many as there is room for. */
export function marksOf(low: number, high: number, most: number): { marks: number[]; step: number } {
  const rough = (high - low) / Math.max(1, most)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find(times => times * power >= rough * (1 - 1e-9)) ?? 10) * power
  const marks: number[] = []
  const first = Math.ceil(low / step - 1e-9)
  for (let n = first; n * step <= high + step * 1e-9; n++) marks.push(n * step + 0)
  return { marks, step }
}
