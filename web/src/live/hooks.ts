/** The live link of this tab, for components. They are told a few times a second: what moves faster is drawn outside of React. */
import { useEffect, useState, useSyncExternalStore } from 'react'
import { meQuery, queryClient } from '../api/queries'
import { nameOf, type Source } from './frames'
import { Link, type LinkState } from './link'
import { webSocket } from './transport'

/** Text is written anew so often; faster, nobody reads it. */
const TEXT_MS = 250

export const link = new Link({
  open: webSocket,
  random: Math.random,
  clock: {
    now: () => Date.now(),
    after: (ms, then) => {
      const timer = setTimeout(then, ms)
      return () => clearTimeout(timer)
    },
  },
  refused: () => void queryClient.invalidateQueries({ queryKey: meQuery.queryKey }),
})

addEventListener('online', () => link.retry())
document.addEventListener('visibilitychange', () => link.setHidden(document.hidden))

const listen = (listener: () => void) => link.listen(listener)

export function useLink(): LinkState {
  return useSyncExternalStore(listen, () => link.state)
}

export interface Latest {
  ts: number
  value: unknown
  unit: string | undefined
}

/** The newest value of a source, and why there is none. */
export function useLatest(source: Source): { latest: Latest | undefined; trouble: string | undefined } {
  const name = nameOf(source)
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
  }, [name])
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
