import { UnstyledButton } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useLink, useNow, useTheLink } from '../live/hooks'
import type { LinkState } from '../live/link'
import { Pace } from '../live/pace'
import { LinkIcon, WarnIcon } from '../parts/icons'
import classes from './LinkChip.module.css'

/** How the live connection is. Not there while nothing is watched. */
export function LinkChip() {
  const state = useLink()
  switch (state.kind) {
    case 'idle':
      return null
    case 'connecting':
      return <span className={classes['chip']}>Connecting</span>
    case 'live':
      return <Live state={state} />
    case 'waiting':
      return <Countdown at={state.at} />
    case 'ended':
      return (
        <span className={classes['chip']} data-state="bad">
          <WarnIcon />
          Logged out
        </span>
      )
  }
}

const WAYS = {
  socket: { word: 'Live', state: 'ok', Icon: LinkIcon, title: 'By WebSocket' },
  events: {
    word: 'Live',
    state: 'ok',
    Icon: LinkIcon,
    title: 'By server-sent events: this network lets no WebSocket through',
  },
  polling: {
    word: 'Polling',
    state: 'warn',
    Icon: WarnIcon,
    title: 'Asked for again and again: this network lets no WebSocket through. It is tried again by itself',
  },
} as const

const MEASURE_MS = 2_000

/** By which way, how often the fastest source changes, and how far away the server is. */
function Live({ state }: { state: LinkState & { kind: 'live' } }) {
  const link = useTheLink()
  const [hz, setHz] = useState<number>()
  useEffect(() => {
    const pace = new Pace()
    const timer = setInterval(() => setHz(pace.measure(link.feeds, performance.now())), MEASURE_MS)
    return () => clearInterval(timer)
  }, [link])
  const { word, state: colour, Icon, title } = WAYS[state.via]
  const said = [
    hz !== undefined && hz > 0 && `${hz < 10 ? hz.toFixed(1) : Math.round(hz)} Hz`,
    state.latencyMs !== undefined && `${Math.round(state.latencyMs)} ms`,
  ].filter(part => part !== false)
  return (
    <span className={classes['chip']} data-state={colour} title={title}>
      <Icon />
      <span>{word}</span>
      {said.length > 0 && <span className={classes['rate']}>{said.join(', ')}</span>}
    </span>
  )
}

function Countdown({ at }: { at: number }) {
  const link = useTheLink()
  const seconds = Math.max(0, Math.ceil((at - useNow(500)) / 1_000))
  return (
    <UnstyledButton
      className={classes['chip']}
      data-state="warn"
      onClick={() => link.retry()}
      title="Try now"
    >
      <WarnIcon />
      Reconnecting in {seconds} s
    </UnstyledButton>
  )
}
