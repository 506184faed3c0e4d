/** What stands in the places that the flow editor leaves open. What deploys, watches and compares is added here. */
import { Skeleton } from '@mantine/core'
import { type ComponentType, lazy, Suspense } from 'react'
import { useEditor } from '../../flow/store'
import { DeployButton } from './deploy/DeployButton'
import { FlowLinks } from './FlowLinks'
import { LiveValues } from './live/LiveValues'
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

/** What is not there with the canvas comes when it is asked for. */
function later<Props extends object>(
  load: () => Promise<{ default: ComponentType<Props> }>,
): ComponentType<Props> {
  const Loaded = lazy(load) as unknown as ComponentType<Props>
  return props => (
    <Suspense fallback={<Skeleton height={96} />}>
      <Loaded {...props} />
    </Suspense>
  )
}

const Dialog = lazy(async () => ({ default: (await import('./conflict/ConflictDialog')).ConflictDialog }))

function Conflict() {
  const isThere = useEditor(state => state.conflict !== undefined)
  return isThere ? (
    <Suspense>
      <Dialog />
    </Suspense>
  ) : null
}

export const slots: Slots = {
  toolbar: [FlowLinks, TestButton, DeployButton],
  drawer: [
    {
      id: 'debug',
      word: 'Debug',
      Body: later(async () => ({ default: (await import('./drawer/Debug')).Debug })),
    },
    {
      id: 'runs',
      word: 'Runs',
      Body: later(async () => ({ default: (await import('./drawer/Runs')).Runs })),
    },
  ],
  live: later(async () => ({ default: (await import('./live/LiveTab')).LiveTab })),
  Conflict,
  watchers: [LiveValues],
}
