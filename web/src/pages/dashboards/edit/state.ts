/** What the page that changes a dashboard keeps: what the server has, what was begun with, and each step since. */
import type { Board, Stored } from '../model/board'
import { boardOf } from '../model/board'
import * as history from '../model/history'
import { sameBoard } from '../model/written'

export interface Editing {
  /** What the server has, as far as this page knows. */
  stored: Stored
  /** The dashboard that is stored: what differs from it is not saved. */
  base: Board
  steps: history.History<Board>
}

/** Begins with what is stored, or goes on with what was not saved of it. */
export function begin(stored: Stored, unsaved?: Board): Editing {
  const base = boardOf(stored.template, stored.widgets)
  const steps = history.begin(base)
  return { stored, base, steps: unsaved ? history.step(steps, unsaved) : steps }
}

export function isUnsaved({ base, steps }: Editing): boolean {
  return !sameBoard(base, steps.now)
}

/** An edit; further ones of the same kind are one step with it. */
export function edit(editing: Editing, change: (board: Board) => Board, kind?: string): Editing {
  return { ...editing, steps: history.step(editing.steps, change(editing.steps.now), kind) }
}

/** The dashboard, or a part of it, was saved; what was changed since then is not. */
export function stored(editing: Editing, stored: Stored): Editing {
  return { ...editing, stored, base: boardOf(stored.template, stored.widgets) }
}

/** Goes on from what somebody else saved, with what comes of both. */
export function rebased(editing: Editing, theirs: Stored, merged: Board): Editing {
  const next = stored(editing, theirs)
  return edit(next, () => merged)
}
