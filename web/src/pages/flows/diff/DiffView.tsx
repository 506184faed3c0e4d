import { useMemo } from 'react'
import { DiffPicture } from './DiffPicture'
import classes from './DiffView.module.css'
import { diff } from './diff'
import type { Drawing } from './drawing'
import { marks, type Said, say, summary } from './words'

/** What differs between two drawings: as a picture of the second, and in words. */
export function DiffView({ base, other, of }: { base: Drawing; other: Drawing; of: string }) {
  const changes = useMemo(() => diff(base, other), [base, other])
  const said = useMemo(() => say(base, other, changes), [base, other, changes])
  return (
    <section className={classes['view']} aria-label={of}>
      <DiffPicture base={base} other={other} changes={changes} label={`${of}: ${summary(changes)}`} />
      <div className="dim">{summary(changes)}</div>
      {said.length > 0 && (
        <ul className={classes['list']}>
          {said.map(item => (
            <li key={`${item.what} ${item.id}`}>
              <Item item={item} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** What became of one node or edge. */
export function Item({ item }: { item: Said }) {
  const { sign, word } = marks[item.mark]
  return (
    <>
      <div className={classes['head']}>
        <span className={classes['mark']} data-mark={item.mark}>
          <span aria-hidden="true">{sign}</span> {word}
        </span>
        <span>{item.name}</span>
      </div>
      {item.fields.length > 0 && (
        <dl className={classes['fields']}>
          {item.fields.map(({ label, before, after }) => (
            <Field key={label} label={label} before={before} after={after} />
          ))}
        </dl>
      )}
    </>
  )
}

function Field({ label, before, after }: { label: string; before: string; after: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        <del>{before}</del> → <ins>{after}</ins>
      </dd>
    </>
  )
}
