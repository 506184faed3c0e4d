import { Button, useMantineColorScheme } from '@mantine/core'
import { type ReactNode, useEffect, useState } from 'react'
import { Look } from '../../parts/Look'
import classes from './Kiosk.module.css'

interface Props {
  name: string
  look: 'auto' | 'light' | 'dark' | undefined
  onLeave: () => void
  children: ReactNode
}

/** After so long without a movement the pointer is in the way. */
const IDLE_MS = 3_000

/** A dashboard on a wall: nothing else on the screen, which stays on. */
export function Kiosk({ name, look, onLeave, children }: Props) {
  const isIdle = useIdle()
  const { setColorScheme } = useMantineColorScheme()
  useAwake()
  useEffect(() => {
    if (look) setColorScheme(look)
  }, [look, setColorScheme])
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key === 'Escape') onLeave()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [onLeave])
  return (
    <div className={classes['kiosk']} data-idle={isIdle}>
      <title>{`${name} · EdgeSync`}</title>
      <h1 className="hidden">{name}</h1>
      {children}
      <div className={classes['bar']}>
        <span className={classes['name']}>{name}</span>
        <Look />
        <Button size="xs" variant="default" onClick={onLeave}>
          Leave (Esc)
        </Button>
      </div>
    </div>
  )
}

/** Whether nobody has moved anything for a while. */
function useIdle(): boolean {
  const [isIdle, setIdle] = useState(false)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    const move = () => {
      setIdle(false)
      clearTimeout(timer)
      timer = setTimeout(() => setIdle(true), IDLE_MS)
    }
    const kinds = ['pointermove', 'pointerdown', 'keydown'] as const
    for (const kind of kinds) addEventListener(kind, move)
    move()
    return () => {
      clearTimeout(timer)
      for (const kind of kinds) removeEventListener(kind, move)
    }
  }, [])
  return isIdle
}

/** Keeps the screen on. A browser gives that up when the page is hidden, and has no such thing without TLS. */
function useAwake(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined
    let over = false
    const hold = async () => {
      if (document.hidden || !('wakeLock' in navigator)) return
      try {
        const got = await navigator.wakeLock.request('screen')
        if (over) await got.release()
        else lock = got
      } catch {
        // not allowed, as on a battery that is low: the screen does what the system says
      }
    }
    void hold()
    document.addEventListener('visibilitychange', hold)
    return () => {
      over = true
      document.removeEventListener('visibilitychange', hold)
      void lock?.release()
    }
  }, [])
}
