/** Small things that several kinds of widgets have. */
import type { ReactNode } from 'react'
import { CheckIcon, CrossIcon, WarnIcon } from '../parts/icons'
import type { State } from './config'
import classes from './parts.module.css'

const ICONS = { ok: CheckIcon, warn: WarnIcon, bad: CrossIcon } as const

/** How a value is judged: icon, word and colour. */
export function Verdict({ of }: { of: { state: State; word: string } | undefined }) {
  if (!of) return null
  const Icon = ICONS[of.state]
  return (
    <span className={classes['verdict']} data-state={of.state}>
      <Icon />
      <span>{of.word}</span>
    </span>
  )
}

/** A value and, smaller, its unit. */
export function Value({ children, unit }: { children: ReactNode; unit: string | undefined }) {
  return (
    <span className={classes['value']} data-testid="value">
      {children}
      {unit && <span className={classes['unit']}>{unit}</span>}
    </span>
  )
}

/** A bit of a series' colour beside its name; `dashed` tells the ninth from the first. */
export function Swatch({ colour }: { colour: number }) {
  return <span className={classes['swatch']} style={{ background: `var(--series-${colour})` }} />
}
