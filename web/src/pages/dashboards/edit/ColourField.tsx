import type { CSSProperties } from 'react'
import { COLOURS } from '../../../widgets/config'
import classes from './ColourField.module.css'

interface Props {
  label: string
  value: unknown
  onChange: (value: number | undefined) => void
}

/** One of the colours of series, or that of its place. */
export function ColourField({ label, value, onChange }: Props) {
  return (
    <fieldset className={classes['colours']}>
      <legend className="hidden">{label}</legend>
      <label className={classes['own']}>
        <input type="radio" checked={typeof value !== 'number'} onChange={() => onChange(undefined)} />
        By its place
      </label>
      {Array.from({ length: COLOURS }, (_, place) => place + 1).map(number => (
        <label
          key={number}
          className={classes['colour']}
          style={{ '--own': `var(--series-${number})` } as CSSProperties}
        >
          <input
            type="radio"
            checked={value === number}
            onChange={() => onChange(number)}
            aria-label={`Colour ${number}`}
          />
        </label>
      ))}
    </fieldset>
  )
}
