/** Values as a widget shows them. */
import { shown } from '../parts/value'
import { type Config, judge, type Meaning, type Threshold } from './config'

/** A value in words: with the decimals that were chosen, else with six digits that count. */
export function said(value: unknown, decimals: number | undefined): string {
  if (value === null || value === undefined) return '–'
  if (typeof value !== 'number') return shown(value)
  if (Number.isNaN(value)) return '–'
  return decimals === undefined ? shown(value) : fixed(value, decimals)
}

function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals)
  // nothing is less than nothing
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text
}

/** Labels of a scale have no more digits than tell its steps apart. */
export function saidOnScale(value: number, step: number, decimals: number | undefined): string {
  const needed = step > 0 && step < 1 ? Math.min(10, Math.ceil(-Math.log10(step) - 1e-9)) : 0
  const big = Math.abs(value)
  if (big >= 1e6 || (big > 0 && big < 1e-4)) return value.toExponential(2).replace(/\.?0+e/, 'e')
  return fixed(value, decimals === undefined ? needed : Math.max(needed, 0))
}

/** What a value is judged to be: by its meaning if it has one, else by the thresholds. */
export function judged(value: unknown, config: Config): Meaning | Threshold | undefined {
  const meaning = config.meanings.find(({ value: means }) => means === textOf(value))
  if (meaning) return meaning
  const number = typeof value === 'boolean' ? Number(value) : value
  return typeof number === 'number' ? judge(number, config.thresholds) : undefined
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
