import { useCallback, useEffect, useMemo, useState } from 'react'
import { fetchStored, storedQuery } from '../../../api/dashboards'
import { Problem } from '../../../api/problem'
import { queryClient } from '../../../api/queries'
import { forgetDashboards } from '../actions'
import type { Stored } from '../model/board'
import { type Board, boardOf } from '../model/board'
import * as history from '../model/history'
import { sameBoard } from '../model/written'
import { save as send } from '../save'
import * as draft from './draft'
import * as state from './state'
import { type Editor, who } from './who'

export interface Conflict {
  theirs: Stored
  /** Who saved in between, as far as one may know. */
  by: Editor[]
}

/** Why a save stopped, and at which widget. */
export interface Refusal {
  error: unknown
  widget: string | undefined
}

export type Edit = (change: (board: Board) => Board, kind?: string) => void

export function useEditor(start: Stored, user: string, unsaved?: Board) {
  const [editing, setEditing] = useState(() => state.begin(start, unsaved))
  const [isSaving, setSaving] = useState(false)
  const [refusal, setRefusal] = useState<Refusal>()
  const [conflict, setConflict] = useState<Conflict>()
  const board = editing.steps.now
  const isUnsaved = useMemo(() => state.isUnsaved(editing), [editing])
  const dashboard = start.template.id

  const edit: Edit = useCallback((change, kind) => setEditing(now => state.edit(now, change, kind)), [])
  const onSteps = (change: (steps: history.History<Board>) => history.History<Board>) =>
    setEditing(now => ({ ...now, steps: change(now.steps) }))

  useEffect(() => {
    if (!isUnsaved) return draft.drop(dashboard, user)
    draft.keep(dashboard, user, { at: Date.now(), stored: editing.stored, board })
  }, [isUnsaved, dashboard, user, editing.stored, board])

  /** Saves it, or what comes of a conflict; the answer is whether all of it was. */
  const save = async (from: Stored = editing.stored, what: Board = board): Promise<boolean> => {
    setSaving(true)
    setRefusal(undefined)
    const { stored, problem, widget } = await send(from, what)
    setEditing(now => state.stored(now, stored))
    queryClient.setQueryData(storedQuery(dashboard).queryKey, stored)
    forgetDashboards()
    try {
      if (problem === undefined) return true
      if (!(problem instanceof Problem && problem.status === 412)) {
        setRefusal({ error: problem, widget })
        return false
      }
      const theirs = await fetchStored(dashboard)
      if (sameBoard(boardOf(theirs.template, theirs.widgets), what)) {
        // It was our own save, whose answer was lost.
        setEditing(now => state.stored(now, theirs))
        return true
      }
      setConflict({ theirs, by: await who(stored, theirs) })
    } catch (error) {
      setRefusal({ error, widget: undefined })
    } finally {
      setSaving(false)
    }
    return false
  }

  const settle = (merged: Board) => {
    if (!conflict) return
    const { theirs } = conflict
    setConflict(undefined)
    setEditing(now => state.rebased(now, theirs, merged))
    void save(theirs, merged)
  }

  return {
    board,
    base: editing.base,
    stored: editing.stored,
    isUnsaved,
    isSaving,
    refusal,
    conflict,
    edit,
    /** The next change is a step of its own. */
    pause: useCallback(() => setEditing(now => ({ ...now, steps: history.pause(now.steps) })), []),
    undo: () => onSteps(history.undo),
    redo: () => onSteps(history.redo),
    canUndo: editing.steps.past.length > 0,
    canRedo: editing.steps.future.length > 0,
    save: () => save(),
    settle,
    leaveConflict: () => setConflict(undefined),
    forgetRefusal: () => setRefusal(undefined),
    /** Gives up what is not saved. */
    discard: () => {
      draft.drop(dashboard, user)
      setEditing(now => state.begin(now.stored))
    },
  }
}

export type EditorState = ReturnType<typeof useEditor>
