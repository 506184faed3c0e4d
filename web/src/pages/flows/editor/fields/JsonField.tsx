import { Textarea } from '@mantine/core'
import { useState } from 'react'
import { type FieldProps, useCommon } from './ValueField'

/** What no other field edits, as JSON. What cannot be read is kept in the field and not in the flow. */
export function JsonField(props: FieldProps) {
  const { value, onChange } = props
  const { error, ...common } = useCommon(props)
  const [typed, setTyped] = useState<string>()
  const isBad = typed !== undefined
  return (
    <Textarea
      {...common}
      autosize
      maxRows={12}
      classNames={{ input: 'mono' }}
      error={isBad ? 'This is no JSON yet, so it is not taken over.' : error}
      value={typed ?? (value === undefined ? '' : JSON.stringify(value, undefined, 2))}
      onChange={event => {
        const text = event.currentTarget.value
        try {
          onChange(text.trim() === '' ? undefined : JSON.parse(text))
          setTyped(undefined)
        } catch {
          setTyped(text)
        }
      }}
    />
  )
}
