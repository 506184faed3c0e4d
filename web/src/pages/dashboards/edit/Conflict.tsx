import { Button, Modal, SegmentedControl } from '@mantine/core'
import { useMemo, useState } from 'react'
import { Age } from '../../../parts/Age'
import { CheckIcon, WarnIcon } from '../../../parts/icons'
import { boardOf } from '../model/board'
import { type Choices, type Difference, differences, merged, proposed, type Side } from '../model/merge'
import classes from './Conflict.module.css'
import type { EditorState, Conflict as Found } from './useEditor'

const SIDES = [
  { value: 'mine', label: 'Mine' },
  { value: 'theirs', label: 'Theirs' },
  { value: 'base', label: 'As it was' },
]

/** Somebody saved in between: what each did, and what is to hold. */
export function Conflict({ conflict, editor }: { conflict: Found; editor: EditorState }) {
  const { board, base, settle, leaveConflict, isSaving } = editor
  const theirs = useMemo(() => boardOf(conflict.theirs.template, conflict.theirs.widgets), [conflict.theirs])
  const found = useMemo(() => differences(base, board, theirs), [base, board, theirs])
  const [chosen, setChosen] = useState<Choices>(new Map())
  const choices: Choices = new Map([...proposed(found), ...chosen])
  const all = (side: Side) => setChosen(new Map(found.map(({ key }) => [key, side])))
  const both = found.filter(({ isConflict }) => isConflict).length
  return (
    <Modal
      opened
      onClose={leaveConflict}
      title="Somebody saved in between"
      size="xl"
      closeButtonProps={{ 'aria-label': 'Close' }}
      closeOnClickOutside={false}
    >
      <div className="stack">
        <div>
          {conflict.by.length === 0 ? (
            'Somebody else saved this dashboard since you began.'
          ) : (
            <>
              {conflict.by.map(({ name, at }, place) => (
                <span key={name}>
                  {place > 0 && ', '}
                  <strong>{name}</strong> (<Age of={at} />)
                </span>
              ))}{' '}
              saved this dashboard since you began.
            </>
          )}{' '}
          Nothing of theirs or yours is lost:{' '}
          {both === 0
            ? 'you changed different things, and both are taken if you leave it as it stands.'
            : `choose for ${both === 1 ? 'the one thing' : `the ${both} things`} that both of you changed.`}
        </div>
        <div className="row">
          <Button size="xs" variant="default" onClick={() => all('mine')}>
            All as mine
          </Button>
          <Button size="xs" variant="default" onClick={() => all('theirs')}>
            All as theirs
          </Button>
        </div>
        <ul className={classes['list']}>
          {found.map(difference => (
            <Row
              key={difference.key}
              difference={difference}
              side={choices.get(difference.key) ?? 'theirs'}
              onChoose={side => setChosen(new Map([...chosen, [difference.key, side]]))}
            />
          ))}
        </ul>
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={leaveConflict}>
            Back to editing
          </Button>
          <Button
            loading={isSaving}
            onClick={() => settle(merged(base, board, theirs, choices))}
            data-autofocus
          >
            Save what is chosen
          </Button>
        </div>
      </div>
    </Modal>
  )
}

interface RowProps {
  difference: Difference
  side: Side
  onChoose: (side: Side) => void
}

function Row({ difference: { title, mine, theirs, isConflict }, side, onChoose }: RowProps) {
  return (
    <li data-conflict={isConflict}>
      <div className={classes['what']}>
        <strong>{title}</strong>
        <div className="dim">
          {mine && <>Mine: {mine}. </>}
          {theirs && <>Theirs: {theirs}.</>}
        </div>
        <div className={classes['state']} data-conflict={isConflict}>
          {isConflict ? <WarnIcon /> : <CheckIcon />}
          {isConflict ? 'Both changed it' : `Only ${mine ? 'you' : 'they'} changed it`}
        </div>
      </div>
      <SegmentedControl
        size="xs"
        aria-label={`What holds of ${title}`}
        value={side}
        onChange={next => onChoose(next as Side)}
        data={SIDES}
      />
    </li>
  )
}
