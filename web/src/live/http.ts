/** Asking for live values over HTTP, for networks that let no WebSocket through. */
import type { Err, Position, Source, Sub } from './frames'
import { AUTHENTICATION, LOST } from './transport'

export interface Asked {
  id: number
  widget: string
  place: Position | undefined
  points: number
  hz: number | undefined
  from: number | undefined
}

/** What a `sub` asks of a widget; nothing of other sources, which have no address of their own. */
export function askedBy(sub: Sub & Source): Asked | undefined {
  if (!('widget' in sub)) return undefined
  return {
    id: sub.id,
    widget: sub.widget,
    place: sub.since,
    points: sub.points,
    hz: sub.max_hz,
    from: sub.since ? undefined : sub.from,
  }
}

export function noWay(id: number): Err {
  return {
    t: 'err',
    id,
    code: 'unavailable',
    message:
      'it comes by WebSocket only, and this network lets none through; on a dashboard it comes without',
  }
}

/** The address of a widget's live values, with what was asked for; a share link has its own. */
export function address(
  kind: 'events' | 'poll',
  asked: Asked,
  share: string | undefined,
  more: Record<string, number> = {},
): string {
  const query = new URLSearchParams()
  const set = (name: string, value: number | undefined) => {
    if (value !== undefined) query.set(name, String(value))
  }
  set('points', asked.points)
  set('max_hz', asked.hz)
  set('from', asked.from)
  for (const [name, value] of Object.entries(more)) set(name, value)
  const place = share ? 'shared/widgets' : 'live'
  return `/api/v1/${place}/${encodeURIComponent(asked.widget)}/${kind}?${query}`
}

export function headers(share: string | undefined): Record<string, string> {
  return share ? { authorization: `Bearer ${share}` } : {}
}

/** What an answer that says no means: the end of one source, or of the connection with this code. */
export async function refusal(answer: Response, id: number): Promise<Err | { closed: number; why: string }> {
  const body = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string }
  const message = body.detail ?? `the server answered ${answer.status}`
  if (answer.status === 401) return { closed: AUTHENTICATION, why: message }
  if (answer.status === 404) return { t: 'err', id, code: 'not_found', message }
  if (body.code === 'live_limit_reached') return { t: 'err', id, code: 'limit', message }
  if (answer.status === 403) return { t: 'err', id, code: 'forbidden', message }
  if (answer.status === 400) return { t: 'err', id, code: 'malformed', message }
  if (body.code === 'unavailable' || body.code === 'busy')
    return { t: 'err', id, code: 'unavailable', message }
  return { closed: LOST, why: message }
}
