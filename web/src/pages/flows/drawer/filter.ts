/** Which records somebody wants to see, from what they typed: `> 30`, `<= 5`, `= on`, `!= 0`, or a part of the text. */
import { shown } from '../../../parts/value'

const COMPARED = /^(<=|>=|!=|=|<|>)\s*(.+)$/

export function filterOf(typed: string): (value: unknown) => boolean {
  const text = typed.trim()
  if (text === '') return () => true
  const [, sign, right] = COMPARED.exec(text) ?? []
  if (sign === undefined || right === undefined) {
    const part = text.toLowerCase()
    return value => shown(value).toLowerCase().includes(part)
  }
  const wanted = Number(right)
  const isNumber = !Number.isNaN(wanted)
  if (sign === '=') return value => (isNumber ? value === wanted : shown(value) === right)
  if (sign === '!=') return value => (isNumber ? value !== wanted : shown(value) !== right)
  return value => {
    if (typeof value !== 'number' || !isNumber) return false
    if (sign === '<') return value < wanted
    if (sign === '<=') return value <= wanted
    return sign === '>' ? value > wanted : value >= wanted
  }
}
