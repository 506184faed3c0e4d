/** What stands in the places that the flow editor leaves open. Here is what needs no other page; what deploys and watches is added here. */
import type { ComponentType } from 'react'
import { Conflicted } from './editor/Conflicted'

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

export const slots: Slots = {
  toolbar: [],
  drawer: [],
  live: undefined,
  Conflict: Conflicted,
  watchers: [],
}
