import { UnstyledButton } from '@mantine/core'
import { useEffect, useState } from 'react'
import { link, useLink, useNow } from '../live/hooks'
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
      return <Rate />
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

/** Values that came in the last second, measured over two. */
function Rate() {
  const [rate, setRate] = useState<number>()
  useEffect(() => {
    let [before, since] = [link.received, performance.now()]
    const timer = setInterval(() => {
      const [now, at] = [link.received, performance.now()]
      // a feed that was left takes its count along
      setRate(Math.max(0, (now - before) / ((at - since) / 1_000)))
      before = now
      since = at
    }, 2_000)
    return () => clearInterval(timer)
  }, [])
  return (
    <span className={classes['chip']} data-state="ok">
      <LinkIcon />
      Live
      {rate !== undefined && (
        <span className={classes['rate']}>{rate < 10 ? rate.toFixed(1) : Math.round(rate)} / s</span>
      )}
    </span>
  )
}

function Countdown({ at }: { at: number }) {
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
