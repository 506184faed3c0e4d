import { unitOf } from './amounts'
import type { BodyProps } from './Body'
import { Config } from './config'
import { judged, said } from './format'
import { Verdict } from './parts'
import { newestRows } from './rows'
import { Scroll } from './Scroll'
import { useTracks } from './seen'
import { shownEdges } from './series'
import { precise } from './times'
import classes from './ValueTable.module.css'

/** The newest values, one below the other. */
export function ValueTable({ widget, series, range }: BodyProps) {
  useTracks(series)
  const config = new Config(widget)
  const most = config.count('rows', 50, 1, 200)
  const { from, to } = shownEdges(series, range)
  const isMoving = range.kind === 'live' && range.pausedAt === undefined
  const rows = newestRows(series, from, isMoving ? Number.POSITIVE_INFINITY : to, most)
  const isMany = series.length > 1
  const means = series.some(({ track }) => track?.bucketMs !== undefined)
  return (
    <Scroll className={classes['scroll']} label={`Values of ${widget.title}`}>
      <table className={classes['table']}>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {isMany && <th scope="col">Series</th>}
            <th scope="col" className={classes['number']}>
              {means ? 'Mean' : 'Value'}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, ts, value, place }) => {
            const of = series[place]
            const unit = of && unitOf(of)
            return (
              <tr key={key}>
                <td className="dim">{precise(ts)}</td>
                {isMany && <td>{of?.label}</td>}
                <td className={classes['number']}>
                  {said(value, config.decimals)}
                  {unit && <span className="dim"> {unit}</span>} <Verdict of={judged(value, config)} />
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </Scroll>
  )
}
