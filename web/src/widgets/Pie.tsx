import { amountsOf, sharesOf } from './amounts'
import { slice } from './arc'
import type { BodyProps } from './Body'
import { Config } from './config'
import { said } from './format'
import classes from './Pie.module.css'
import { Swatch } from './parts'
import { Scroll } from './Scroll'
import { useTracks } from './seen'

/** What part of the whole each series is now. */
export function Pie({ widget, series }: BodyProps) {
  useTracks(series)
  const config = new Config(widget)
  const amounts = amountsOf(series)
  const shares = sharesOf(amounts)
  const others = amounts.filter(({ value }) => !(value > 0))
  return (
    <div className={classes['pie']}>
      <svg viewBox="-50 -50 100 100" aria-hidden="true">
        {shares.length === 0 && <circle r={36} className={classes['none']} />}
        {shares.map(({ label, share, from, colour }) => (
          <path
            key={label}
            className={classes['slice']}
            d={slice(from, from + share, 26, 48)}
            fill={`var(--series-${colour})`}
          />
        ))}
      </svg>
      <Scroll className={classes['names']} label={`Shares of ${widget.title}`}>
        <ul>
          {shares.map(({ label, share, colour, value, unit }) => (
            <li key={label}>
              <Swatch colour={colour} />
              <span className={classes['label']}>{label}</span>
              <span data-testid="value">
                {said(value, config.decimals)}
                {unit && <span className="dim"> {unit}</span>}
              </span>
              <span className="dim">{(share * 100).toFixed(share < 0.1 ? 1 : 0)} %</span>
            </li>
          ))}
          {others.map(({ label, value }) => (
            <li key={label} className="dim">
              <Swatch colour={7} />
              <span className={classes['label']}>{label}</span>
              <span>{Number.isNaN(value) ? 'no number' : said(value, config.decimals)}</span>
              <span>no part</span>
            </li>
          ))}
        </ul>
      </Scroll>
    </div>
  )
}
