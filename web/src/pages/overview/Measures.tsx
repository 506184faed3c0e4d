import type { Schemas } from '../../api/client'
import { WarnIcon } from '../../parts/icons'
import { type Measured, tilesOf } from './measures'
import classes from './Overview.module.css'

/** How much comes, how far behind flows are, what went wrong and how much is stored. */
export function Measures({ fleet }: { fleet: Schemas['Fleet'] & Partial<Measured> }) {
  // An older server counts devices only.
  if (fleet.readings_per_s === undefined) return null
  const tiles = tilesOf(fleet as Measured)
  return (
    <ul className={classes['tiles']} aria-label="Load, errors and storage">
      {tiles.map(({ name, value, note, state }) => (
        <li key={name} className={`panel ${classes['measure']}`}>
          <span>{name}</span>
          <span className={classes['count']}>{value}</span>
          <span className={classes['note']} data-state={state}>
            {state !== 'plain' && <WarnIcon />}
            {note}
          </span>
        </li>
      ))}
    </ul>
  )
}
