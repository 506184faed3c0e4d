import { Button, Modal, Radio } from '@mantine/core'
import { useMemo, useState } from 'react'
import { type Diagram, opened } from '../../../flow/diagram'
import { parentsFirst } from '../../../flow/groups'
import { type Conflict as Clash, useEditor } from '../../../flow/store'
import { Age } from '../../../parts/Age'
import { DiffView } from '../diff/DiffView'
import type { Drawing } from '../diff/drawing'
import { type Conflict, merge, resolve, type Side } from '../diff/merge'
import { saveAndSay } from '../editor/save'
import classes from './Conflict.module.css'
import { tell } from './words'

/** Somebody else saved the flow meanwhile: both are put together, and what cannot be is chosen. */
export function ConflictDialog() {
  const clash = useEditor(state => state.conflict)
  return clash ? <Of key={clash.theirs.etag} clash={clash} /> : null
}

const drawn = ({ nodes, edges }: Diagram): Drawing => ({ nodes, edges })

function Of({ clash: { base, mine, theirs } }: { clash: Clash }) {
  const end = useEditor(state => state.resolve)
  const [choices, setChoices] = useState<ReadonlyMap<string, Side>>(new Map())
  const sides = useMemo(
    () => ({ base: drawn(base.diagram), mine: drawn(mine), theirs: drawn(theirs.diagram) }),
    [base, mine, theirs],
  )
  const merged = useMemo(() => merge(sides.base, sides.mine, sides.theirs), [sides])
  const { conflicts } = merged
  const open = conflicts.filter(({ id }) => !choices.has(id)).length
  const result = useMemo(() => resolve(merged, choices), [merged, choices])
  const choose = (id: string, side: Side) => setChoices(before => new Map(before).set(id, side))
  const all = (side: Side) => setChoices(new Map(conflicts.map(({ id }) => [id, side])))
  const goOn = () => {
    end(parentsFirst(opened(result as Diagram)))
    void saveAndSay()
  }
  return (
    <Modal
      opened
      onClose={() => end(undefined)}
      title="Somebody else saved this flow meanwhile"
      size="xl"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack">
        <div>
          Version {theirs.flow.version} was saved <Age of={theirs.flow.updated_at} />, after you began from
          version {base.flow.version}.{' '}
          {conflicts.length === 0
            ? 'What they did and what you did fit together: nothing is lost.'
            : `What fits together is kept of both. ${conflicts.length === 1 ? 'One thing does' : `${conflicts.length} things do`} not: choose whose.`}
        </div>
        {conflicts.length > 1 && (
          <div className="row">
            <Button variant="default" size="xs" onClick={() => all('mine')}>
              Take all of mine
            </Button>
            <Button variant="default" size="xs" onClick={() => all('theirs')}>
              Take all of theirs
            </Button>
          </div>
        )}
        {conflicts.map(conflict => (
          <Choice
            key={conflict.id}
            conflict={conflict}
            drawings={[sides.base, sides.mine, sides.theirs]}
            value={choices.get(conflict.id)}
            onChange={side => choose(conflict.id, side)}
          />
        ))}
        <details>
          <summary>What your saving changes of theirs</summary>
          <div style={{ marginTop: 8 }}>
            <DiffView base={sides.theirs} other={result} of="What your saving changes of theirs" />
          </div>
        </details>
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          {open > 0 && <span className="dim">{open === 1 ? '1 is' : `${open} are`} still to be chosen.</span>}
          <Button variant="default" onClick={() => end(undefined)}>
            Decide later
          </Button>
          <Button onClick={goOn} disabled={open > 0}>
            Save both together
          </Button>
        </div>
      </div>
    </Modal>
  )
}

/** One thing of which not both can be had. */
function Choice({
  conflict,
  drawings,
  value,
  onChange,
}: {
  conflict: Conflict
  drawings: readonly Drawing[]
  value: Side | undefined
  onChange: (side: Side) => void
}) {
  const told = useMemo(() => tell(conflict, drawings), [conflict, drawings])
  const lines = (of: readonly string[]) => (
    <ul className={classes['lines']}>
      {of.map(line => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
  return (
    <Radio.Group
      label={told.name}
      value={value ?? null}
      onChange={side => onChange(side as Side)}
      classNames={{ root: classes['choice'] ?? '' }}
    >
      <div className={classes['sides']}>
        <div>
          <div className="dim">It was</div>
          {lines(told.base)}
        </div>
        <div data-chosen={value === 'mine'}>
          <Radio value="mine" label="Mine" />
          {lines(told.mine)}
        </div>
        <div data-chosen={value === 'theirs'}>
          <Radio value="theirs" label="Theirs" />
          {lines(told.theirs)}
        </div>
      </div>
    </Radio.Group>
  )
}
