import { Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import classes from './Runs.module.css'
import { fromField, presets, type Range, toField, wrongWith } from './range'

/** What was chosen: up to now for so long, or a range of one's own. */
export interface Chosen {
  preset: string
  from: string
  to: string
}

export function useRange(): [Chosen, (next: Partial<Chosen>) => void] {
  const [chosen, setChosen] = useState<Chosen>(() => ({
    preset: '3600000',
    from: toField(Date.now() - 3_600_000),
    to: toField(Date.now()),
  }))
  return [chosen, next => setChosen(before => ({ ...before, ...next }))]
}

/** The range as it is now, or what is wrong with it. */
export function rangeOf(chosen: Chosen, now: number): Range | { trouble: string } {
  if (chosen.preset !== 'own') return { from: now - Number(chosen.preset), to: now }
  const [from, to] = [fromField(chosen.from), fromField(chosen.to)]
  const trouble = wrongWith(from, to, now)
  return trouble ? { trouble } : { from: from as number, to: to as number }
}

export function RangeSelect({
  chosen,
  onChange,
}: {
  chosen: Chosen
  onChange: (next: Partial<Chosen>) => void
}) {
  return (
    <div className={classes['range']}>
      <Select
        label="Readings of"
        data={[...presets]}
        value={chosen.preset}
        onChange={preset => onChange({ preset: preset ?? 'own' })}
        allowDeselect={false}
        w={192}
      />
      {chosen.preset === 'own' && (
        <>
          <TextInput
            label="From"
            type="datetime-local"
            step={1}
            value={chosen.from}
            onChange={event => onChange({ from: event.currentTarget.value })}
          />
          <TextInput
            label="Up to"
            type="datetime-local"
            step={1}
            value={chosen.to}
            onChange={event => onChange({ to: event.currentTarget.value })}
          />
        </>
      )}
    </div>
  )
}
