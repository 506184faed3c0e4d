/** How long to wait before the next attempt: longer each time, and never in step with other tabs. */
export const FIRST_MS = 500
export const MOST_MS = 30_000

/** Milliseconds before attempt number `failures` (1 after the first failure); `random` draws from [0, 1). */
export function wait(failures: number, random: () => number): number {
  const whole = Math.min(FIRST_MS * 2 ** (failures - 1), MOST_MS)
  return whole / 2 + (random() * whole) / 2
}
