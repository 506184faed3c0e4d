import { ActionIcon, Tabs } from '@mantine/core'
import { useState } from 'react'
import { useEditor } from '../../../flow/store'
import { DownIcon, UpIcon } from '../../../parts/icons'
import { slots } from '../slots'
import classes from './Drawer.module.css'
import { Problems } from './Problems'

/** What is known of the whole flow, below the canvas. Closed, it shows how many problems there are. */
export function Drawer() {
  const [open, setOpen] = useState<string | null>(null)
  // a tab that is open is closed by choosing it again
  const choose = (tab: string | null) => setOpen(tab === open ? null : tab)
  return (
    <Tabs
      value={open}
      onChange={choose}
      allowTabDeactivation
      keepMounted={false}
      className={classes['drawer'] ?? ''}
      data-open={open !== null}
    >
      <div className={classes['head']}>
        <Tabs.List>
          <Tabs.Tab value="problems">
            <Count />
          </Tabs.Tab>
          {slots.drawer.map(({ id, word, Count: More }) => (
            <Tabs.Tab key={id} value={id}>
              {word} {More && <More />}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={open ? 'Close the drawer' : 'Open the drawer'}
          aria-expanded={open !== null}
          onClick={() => setOpen(open ? null : 'problems')}
        >
          {open ? <DownIcon /> : <UpIcon />}
        </ActionIcon>
      </div>
      <Tabs.Panel value="problems" className={classes['body'] ?? ''}>
        <Problems />
      </Tabs.Panel>
      {slots.drawer.map(({ id, Body }) => (
        <Tabs.Panel key={id} value={id} className={classes['body'] ?? ''}>
          <Body />
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}

function Count() {
  const count = useEditor(state => state.problems.length)
  const isChecking = useEditor(state => state.checked === undefined)
  const isFresh = useEditor(state => state.checked === state.draft)
  const isUnchecked = useEditor(state => state.isUnchecked)
  if (isUnchecked) return 'Not checked'
  if (isChecking) return 'Checking'
  return (
    <span data-bad={count > 0} data-fresh={isFresh} className={classes['count']}>
      {count === 0 ? 'No problems' : count === 1 ? '1 problem' : `${count} problems`}
    </span>
  )
}
