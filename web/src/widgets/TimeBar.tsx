import { Button, NativeSelect, Popover, SegmentedControl, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useNow } from '../live/hooks'
import { serverNow } from '../live/now'
import { PauseIcon, PlayIcon } from './icons'
import { edges, isRange, type Range, SPANS } from './range'
import classes from './TimeBar.module.css'
import { shortRange, toLocal } from './times'

interface Props {
  range: Range
  onChange: (range: Range) => void
  /** Whether somebody has zoomed in, and the way out of it. */
  onZoomOut?: (() => void) | undefined
}

/** Which time a dashboard shows: the last minutes, held still or not, or a stretch of its own. */
export function TimeBar({ range, onChange, onZoomOut }: Props) {
  const isLive = range.kind === 'live'
  const spanMs = isLive ? range.spanMs : undefined
  return (
    <section className={classes['bar']} aria-label="Time">
      <SegmentedControl
        className={classes['spans'] ?? ''}
        size="xs"
        aria-label="Live range"
        value={SPANS.find(({ ms }) => ms === spanMs)?.name ?? ''}
        onChange={name => onChange(live(name))}
        data={SPANS.map(({ name }) => ({ value: name, label: name }))}
      />
      <NativeSelect
        className={classes['few'] ?? ''}
        size="xs"
        w={96}
        aria-label="Live range"
        value={SPANS.find(({ ms }) => ms === spanMs)?.name ?? ''}
        onChange={event => event.currentTarget.value && onChange(live(event.currentTarget.value))}
        data={[
          { value: '', label: 'Own', disabled: true },
          ...SPANS.map(({ name, word }) => ({ value: name, label: word })),
        ]}
      />
      <Absolute range={range} onChange={onChange} />
      {isLive && range.pausedAt === undefined && (
        <Button
          size="xs"
          variant="default"
          leftSection={<PauseIcon />}
          onClick={() => onChange({ ...range, pausedAt: serverNow() })}
        >
          Pause
        </Button>
      )}
      {isLive && range.pausedAt !== undefined && (
        <>
          <Behind since={range.pausedAt} />
          <Button
            size="xs"
            leftSection={<PlayIcon />}
            onClick={() => onChange({ kind: 'live', spanMs: range.spanMs })}
          >
            Go on
          </Button>
        </>
      )}
      {!isLive && onZoomOut && (
        <Button size="xs" variant="default" onClick={onZoomOut}>
          Back from the zoom
        </Button>
      )}
      {!isLive && !onZoomOut && (
        <Button size="xs" variant="default" leftSection={<PlayIcon />} onClick={() => onChange(live('5m'))}>
          Live
        </Button>
      )}
    </section>
  )
}

function live(name: string): Range {
  return { kind: 'live', spanMs: SPANS.find(span => span.name === name)?.ms ?? 300_000 }
}

function Behind({ since }: { since: number }) {
  useNow(1_000)
  const seconds = Math.max(0, Math.round((serverNow() - since) / 1_000))
  const told = seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`
  return (
    <span className={classes['behind']} role="status" aria-live="off">
      <PauseIcon />
      {told} behind
    </span>
  )
}

function Absolute({ range, onChange }: Pick<Props, 'range' | 'onChange'>) {
  const [isOpen, setOpen] = useState(false)
  const label = range.kind === 'absolute' ? shortRange(range.from, range.to) : 'From – to'
  return (
    <Popover opened={isOpen} onChange={setOpen} trapFocus position="bottom-end" withinPortal>
      <Popover.Target>
        <Button
          size="xs"
          variant={range.kind === 'absolute' ? 'filled' : 'default'}
          onClick={() => setOpen(!isOpen)}
          aria-label={`Stretch of time: ${label}`}
        >
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stretch
          range={range}
          done={next => {
            setOpen(false)
            onChange(next)
          }}
        />
      </Popover.Dropdown>
    </Popover>
  )
}

function Stretch({ range, done }: { range: Range; done: (range: Range) => void }) {
  const [now] = useState(Date.now)
  const start = edges(range, now)
  const [from, setFrom] = useState(toLocal(start.from))
  const [to, setTo] = useState(toLocal(start.to))
  const [wrong, setWrong] = useState<string>()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const [begin, end] = [new Date(from).getTime(), new Date(to).getTime()]
    if (isRange(begin, end)) return done({ kind: 'absolute', from: begin, to: end })
    setWrong(end > begin ? 'That is more than ten years.' : 'The end must be behind the beginning.')
  }
  return (
    <form className="stack" style={{ gap: 8 }} onSubmit={submit}>
      <TextInput
        label="From"
        type="datetime-local"
        step={1}
        value={from}
        onChange={event => setFrom(event.currentTarget.value)}
        required
        data-autofocus
      />
      <TextInput
        label="To"
        type="datetime-local"
        step={1}
        value={to}
        onChange={event => setTo(event.currentTarget.value)}
        error={wrong}
        required
      />
      <Button type="submit">Show it</Button>
    </form>
  )
}
