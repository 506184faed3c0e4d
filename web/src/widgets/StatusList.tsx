import { latestOf, unitOf } from './amounts'
import type { BodyProps } from './Body'
import { Config, type State } from './config'
import { judged, said } from './format'
import { Verdict } from './parts'
import { Scroll } from './Scroll'
import classes from './StatusList.module.css'
import { useTracks } from './seen'

const ORDER: readonly (State | undefined)[] = ['bad', 'warn', 'ok', undefined]

/** What values mean: a word and an icon for each, the worst of them first. */
export function StatusList({ widget, series }: BodyProps) {
  useTracks(series)
  const config = new Config(widget)
  const all = series
    .map(one => ({ one, value: latestOf(one), verdict: judged(latestOf(one), config) }))
    .sort((a, b) => ORDER.indexOf(a.verdict?.state) - ORDER.indexOf(b.verdict?.state))
  if (all.length === 1) {
    const { one, value, verdict } = all[0] as (typeof all)[number]
    return (
      <div className={classes['alone']}>
        {verdict ? <Verdict of={verdict} /> : <span data-testid="value">{said(value, config.decimals)}</span>}
        <span className="dim">
          {verdict && said(value, config.decimals)} {unitOf(one)}
        </span>
      </div>
    )
  }
  return (
    <Scroll className={classes['scroll']} label={widget.title || 'Status'}>
      <ul className={classes['list']}>
        {all.map(({ one, value, verdict }) => (
          <li key={one.widget.widget_id}>
            <span className={classes['label']}>{one.label}</span>
            <span className="dim" data-testid="value">
              {said(value, config.decimals)} {unitOf(one)}
            </span>
            {verdict ? <Verdict of={verdict} /> : <span className="dim">not judged</span>}
          </li>
        ))}
      </ul>
    </Scroll>
  )
}
