import { amountsOf } from './amounts'
import classes from './Bars.module.css'
import type { BodyProps } from './Body'
import { Config } from './config'
import { judged, said } from './format'
import { Verdict } from './parts'
import { Scroll } from './Scroll'
import { useTracks } from './seen'

/** The newest value of each series as a bar, beside its number. */
export function Bars({ widget, series }: BodyProps) {
  useTracks(series)
  const config = new Config(widget)
  const amounts = amountsOf(series)
  const numbers = amounts.map(({ value }) => value).filter(value => !Number.isNaN(value))
  const low = config.number('min') ?? Math.min(0, ...numbers)
  const high = Math.max(config.number('max') ?? Math.max(0, ...numbers), low + Number.MIN_VALUE)
  const at = (value: number) => Math.min(1, Math.max(0, (value - low) / (high - low)))
  const zero = at(0)
  return (
    <Scroll className={classes['scroll']} label={widget.title || 'Bars'}>
      <ul className={classes['bars']}>
        {amounts.map(({ label, value, colour, unit }) => (
          <li key={label}>
            <span className={classes['label']} title={label}>
              {label}
            </span>
            <span className={classes['number']} data-testid="value">
              {said(value, config.decimals)}
              {unit && <span className="dim"> {unit}</span>}
            </span>
            <Verdict of={Number.isNaN(value) ? undefined : judged(value, config)} />
            <span className={classes['track']} aria-hidden="true">
              {!Number.isNaN(value) && (
                <span
                  className={classes['bar']}
                  style={{
                    left: `${Math.min(zero, at(value)) * 100}%`,
                    width: `${Math.abs(at(value) - zero) * 100}%`,
                    background: `var(--series-${colour})`,
                  }}
                />
              )}
            </span>
          </li>
        ))}
      </ul>
    </Scroll>
  )
}
