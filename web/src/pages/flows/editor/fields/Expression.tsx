import { useEffect, useRef } from 'react'
import { Code, type Mark } from './code'

interface Props {
  label: string
  value: string
  hint: string
  isReadOnly: boolean
  /** What is wrong, and where. */
  positions: readonly Mark[]
  /** Names of fields that come in, to be offered. */
  names: () => readonly string[]
  onChange: (text: string) => void
  onBlur: () => void
}

/** A text of CEL. */
export default function Expression(props: Props) {
  const place = useRef<HTMLDivElement>(null)
  const code = useRef<Code>(undefined)
  // The editor lives as long as its place; what it calls is what was rendered last.
  const newest = useRef(props)
  useEffect(() => {
    newest.current = props
  })
  useEffect(() => {
    if (!place.current) return
    const { label, value, hint, isReadOnly } = newest.current
    const made = new Code(place.current, {
      label,
      hint,
      isReadOnly,
      text: value,
      names: () => newest.current.names(),
      changed: text => newest.current.onChange(text),
      left: () => newest.current.onBlur(),
    })
    code.current = made
    return () => made.remove()
  }, [])
  const { value, positions } = props
  useEffect(() => code.current?.show(value), [value])
  useEffect(() => code.current?.mark(positions), [positions])
  return <div ref={place} />
}
