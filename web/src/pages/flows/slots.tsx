/** What stands in the places that the flow editor leaves open. What deploys, watches and compares is added here. */
import type { ComponentType } from 'react'
import { useEditor } from '../../flow/store'
import { DeployButton } from './deploy/DeployButton'
import { FlowLinks } from './FlowLinks'
import { later } from './later'
import { TestButton } from './runs/TestButton'

export interface DrawerTab {
  id: string
  word: string
  /** Rendered while its tab is open. */
  Body: ComponentType
  /** A number beside the word, if any. */
  Count?: ComponentType
}

export interface Slots {
  /** Behind undo, save and the like, at the right end. */
  toolbar: readonly ComponentType[]
  /** Behind “Problems”. */
  drawer: readonly DrawerTab[]
  /** The inspector's tab “Live” of a node; without it there is no such tab. */
  live: ComponentType<{ node: string }> | undefined
  /** Shown while there is `state.conflict`; it ends it by `state.resolve`. */
  Conflict: ComponentType
  /** Rendered while the editor is open, and shows nothing: for who writes live values into `flow/texts.ts`. */
  watchers: readonly ComponentType[]
}

const Dialog = later(async () => (await import('./conflict/ConflictDialog')).ConflictDialog)

function Conflict() {
  const isThere = useEditor(state => state.conflict !== undefined)
  return isThere ? <Dialog /> : null
}

export const slots: Slots = {
  toolbar: [FlowLinks, TestButton, DeployButton],
  drawer: [
    {
      id: 'debug',
      word: 'Debug',
      Body: later(async () => (await import('./drawer/Debug')).Debug, 96),
    },
    {
      id: 'runs',
      word: 'Runs',
      Body: later(async () => (await import('./drawer/Runs')).Runs, 96),
    },
  ],
  live: later(async () => (await import('./live/LiveTab')).LiveTab, 96),
  Conflict,
  watchers: [later(async () => (await import('./live/LiveValues')).LiveValues)],
}
