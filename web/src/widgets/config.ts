/**
 * What stands in `widget_config`, read with care: any program may have written it. What is missing or wrong is as if it were not
 * there, and the widget is drawn by its defaults.
 */
import type { DrawnWidget } from './model'

/** How a value is judged. Always shown by its word and an icon too, never by colour alone. */
export type State = 'ok' | 'warn' | 'bad'
export const STATES: readonly State[] = ['ok', 'warn', 'bad']

/** From this value on, up to the next threshold, it is so. */
export interface Threshold {
  from: number
  state: State
  word: string
}

/** What a value that is no measure means: `value` is its text ("true", "open", "3"). */
export interface Meaning {
  value: string
  state: State
  word: string
}

export class Config {
  readonly #raw: Record<string, unknown>

  constructor(widget: Pick<DrawnWidget, 'widget_config'>) {
    this.#raw = widget.widget_config ?? {}
  }

  number(key: string): number | undefined {
    const value = this.#raw[key]
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined
  }

  /** A whole number within bounds, or what stands in for it. */
  count(key: string, otherwise: number, least: number, most: number): number {
    const value = this.number(key)
    return value === undefined ? otherwise : Math.min(most, Math.max(least, Math.round(value)))
  }

  text(key: string): string | undefined {
    const value = this.#raw[key]
    return typeof value === 'string' && value !== '' ? value : undefined
  }

  is(key: string, otherwise: boolean): boolean {
    const value = this.#raw[key]
    return typeof value === 'boolean' ? value : otherwise
  }

  choice<T extends string>(key: string, choices: readonly T[], otherwise: T): T {
    const value = this.#raw[key]
    return choices.includes(value as T) ? (value as T) : otherwise
  }

  get unit(): string | undefined {
    return this.text('unit')
  }

  get decimals(): number | undefined {
    const value = this.number('decimals')
    return value === undefined ? undefined : Math.min(10, Math.max(0, Math.round(value)))
  }

  /** The lowest first. */
  get thresholds(): Threshold[] {
    return this.#list('thresholds')
      .flatMap(({ from, state, word }) =>
        typeof from === 'number' && Number.isFinite(from) && isState(state)
          ? [{ from, state, word: typeof word === 'string' && word ? word : WORDS[state] }]
          : [],
      )
      .sort((a, b) => a.from - b.from)
  }

  get meanings(): Meaning[] {
    return this.#list('meanings').flatMap(({ value, state, word }) =>
      typeof value === 'string' && isState(state)
        ? [{ value, state, word: typeof word === 'string' && word ? word : value }]
        : [],
    )
  }

  #list(key: string): Record<string, unknown>[] {
    const list = this.#raw[key]
    if (!Array.isArray(list)) return []
    return list.filter(
      (entry): entry is Record<string, unknown> => typeof entry === 'object' && entry !== null,
    )
  }
}

/** Words of states that somebody has not given words of their own. */
export const WORDS: Record<State, string> = { ok: 'OK', warn: 'Warning', bad: 'Alarm' }

function isState(value: unknown): value is State {
  return STATES.includes(value as State)
}

/** The threshold that a value has reached; nothing below the first. */
export function judge(value: number, thresholds: readonly Threshold[]): Threshold | undefined {
  let reached: Threshold | undefined
  for (const threshold of thresholds) if (value >= threshold.from) reached = threshold
  return reached
}

/** Colours that series have by their place; `widget_config.colour` of each, from 1, chooses another. */
export const COLOURS = 8

/** Number of the CSS variable `--series-…` of a member of a chart. */
export function colourOf(widget: Pick<DrawnWidget, 'widget_config'>, place: number): number {
  return new Config(widget).count('colour', (place % COLOURS) + 1, 1, COLOURS)
}
