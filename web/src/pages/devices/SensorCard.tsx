import type { Schemas } from '../../api/client'
import { useLatest, useNow } from '../../live/hooks'
import { Sparkline } from '../../parts/Sparkline'
import { ago, at } from '../../parts/time'
import { shown } from '../../parts/value'
import classes from './Device.module.css'

/** Older than this, a value is shown as one of the past. */
const STALE_MS = 60_000

/** What a sensor says now, and its way there. */
export function SensorCard({ sensor }: { sensor: Schemas['Sensor'] }) {
  const source = { device: sensor.device_id, sensor: sensor.sensor_type }
  const { latest, trouble } = useLatest(source)
  const now = useNow(1_000)
  const known = sensor.latest
  const value = latest ? latest.value : known ? (known.raw_data ?? known.value) : undefined
  const ts = latest ? latest.ts : known ? Date.parse(known.timestamp) : undefined
  const unit = latest?.unit ?? known?.unit
  const stale = ts !== undefined && now - ts > STALE_MS
  return (
    <section className={`panel ${classes['card']}`} data-stale={stale} aria-label={sensor.sensor_type}>
      <div className={classes['head']}>
        <h2>{sensor.sensor_type}</h2>
        {ts !== undefined && (
          <span className="dim" title={at(ts)}>
            {stale && 'Stale: '}
            {ago(ts, now)}
          </span>
        )}
      </div>
      <div className={classes['value']} data-testid="value">
        {value === undefined ? 'No value' : shown(value)}
        {unit && <span className={classes['unit']}>{unit}</span>}
      </div>
      <Sparkline source={source} label={`The last values of ${sensor.sensor_type}`} />
      {trouble && <div className="dim">Not live: {trouble}. Reload the page to try again.</div>}
    </section>
  )
}
