/** The live link of this tab, for components. They are told a few times a second: what moves faster is drawn outside of React. */
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import { meQuery, queryClient } from '../api/queries'
import { events } from './events'
import { nameOf, type Source } from './frames'
import { Link, type LinkState } from './link'
import { serverNow } from './now'
import { polling } from './polling'
import { webSocket } from './transport'

/** Text is written anew so often; faster, nobody reads it. */
const TEXT_MS = 250

const clock = {
  now: () => Date.now(),
  after: (ms: number, then: () => void) => {
    const timer = setTimeout(then, ms)
    return () => clearTimeout(timer)
  },
}

/** Whether the server answers to HTTP. */
async function reaches(): Promise<boolean> {
  const answer = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(5_000) })
  return answer.ok
}

/** A link to the server that the page came from; with the token of a share link it sees what that shows. */
function linkBy(share: string | undefined, refused: () => void): Link {
  const made = new Link({
    ways: [webSocket(share), events(share), polling(share)],
    random: Math.random,
    serverNow,
    clock,
    reaches,
    refused,
  })
  made.setHidden(document.hidden)
  addEventListener('online', () => made.retry())
  document.addEventListener('visibilitychange', () => made.setHidden(document.hidden))
  return made
}

/** That of whoever is logged in. */
export const link = linkBy(undefined, () => {
  void queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
})

const shared = new Map<string, Link>()

/** That of a share link: the same one each time. `refused` of its first maker is called when the token opens nothing (any more). */
export function shareLink(token: string, refused: () => void): Link {
  const made = shared.get(token) ?? linkBy(token, refused)
  shared.set(token, made)
  return made
}

const LinkContext = createContext(link)

/** Has what is inside watch by another link than that of the session. */
export const LinkProvider = LinkContext.Provider

/** The link that pages here watch by. */
export function useTheLink(): Link {
  return useContext(LinkContext)
}

export function useLink(): LinkState {
  const link = useTheLink()
  return useSyncExternalStore(
    listener => link.listen(listener),
    () => link.state,
  )
}

export interface Latest {
  ts: number
  value: unknown
  unit: string | undefined
}

/** The newest value of a source, and why there is none. */
export function useLatest(source: Source): { latest: Latest | undefined; trouble: string | undefined } {
  const name = nameOf(source)
  const link = useTheLink()
  const [, setVersion] = useState(0)
  const feed = link.feed(source)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the name says which source it is
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const watched = link.feed(source)
    const tell = () => {
      timer = undefined
      setVersion(watched.version)
    }
    const leave = link.watch(source, () => {
      // the first at once, then a few times a second
      if (watched.version === 1) tell()
      else timer ??= setTimeout(tell, TEXT_MS)
    })
    setVersion(watched.version)
    return () => {
      clearTimeout(timer)
      leave()
    }
  }, [link, name])
  const { latest } = feed.ring
  return {
    latest: latest && { ...latest, unit: feed.unit },
    trouble: feed.trouble?.message,
  }
}

/** The time, so often. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}
