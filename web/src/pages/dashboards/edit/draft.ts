/** What is not saved, kept in this browser: a tab that is closed or crashes loses nothing. One of each user and dashboard. */
import type { Board, Stored } from '../model/board'

export interface Draft {
  /** When it was changed last, in ms. */
  at: number
  /** What it was made of: what others saved since then is found by it. */
  stored: Stored
  board: Board
}

const VERSION = 1
const keyOf = (dashboard: string, user: string) => `edgesync-dashboard-${dashboard}-${user}`

export function keep(dashboard: string, user: string, draft: Draft): void {
  try {
    localStorage.setItem(keyOf(dashboard, user), JSON.stringify({ version: VERSION, ...draft }))
  } catch {
    // no storage, or it is full: it lives as long as the page
  }
}

export function drop(dashboard: string, user: string): void {
  try {
    localStorage.removeItem(keyOf(dashboard, user))
  } catch {
    // as above
  }
}

export function kept(dashboard: string, user: string): Draft | undefined {
  try {
    const told = JSON.parse(localStorage.getItem(keyOf(dashboard, user)) ?? 'null')
    return told?.version === VERSION ? (told as Draft) : undefined
  } catch {
    return undefined
  }
}
