import { WarnIcon } from '../../parts/icons'
import { type Measured, tilesOf } from './measures'
import classes from './Overview.module.css'

/** How much comes, how far behind flows are, what went wrong and how much is stored. */
export function Measures({ fleet }: { fleet: Measured }) {
  return (
    <ul className={classes['tiles']} aria-label="Load, errors and storage">
      {tilesOf(fleet).map(({ name, value, note, state }) => (
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
