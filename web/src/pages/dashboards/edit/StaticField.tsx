import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { same } from '../model/same'

interface Props {
  value: unknown
  onChange: (value: unknown) => void
}

/** What is typed as JSON is that; anything else is text. */
export function readTyped(typed: string): unknown {
  if (typed.trim() === '') return null
  try {
    return JSON.parse(typed)
  } catch {
    return typed
  }
}

export function written(value: unknown): string {
  if (value === null || value === undefined) return ''
  // A text that reads as something else, such as "12", has its marks to tell it apart.
  return typeof value === 'string' && same(readTyped(value), value) ? value : JSON.stringify(value)
}

/** A value that stands in the widget. */
export function StaticField({ value, onChange }: Props) {
  const [typed, setTyped] = useState(() => written(value))
  return (
    <TextInput
      label="Value"
      description="A number, true or false, text, or JSON."
      // An undo changes it from outside.
      value={same(readTyped(typed), value ?? null) ? typed : written(value)}
      onChange={event => {
        setTyped(event.currentTarget.value)
        onChange(readTyped(event.currentTarget.value))
      }}
    />
  )
}
