import { Select, type SelectProps } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { type UseQueryOptions, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { deviceChoiceQuery } from '../api/history'
import { Trouble } from './Trouble'

interface Found {
  id: string
  name: string
}

type Props = Omit<SelectProps, 'data' | 'onChange' | 'value'> & {
  /** What is found by a text; all, the first of them, by none. */
  // biome-ignore lint/suspicious/noExplicitAny: each question has its own kind of key
  query: (q: string) => UseQueryOptions<any, Error, Found[], any>
  value: string | null
  onChange: (id: string | null, name: string | undefined) => void
}

/** A choice of which there may be a hundred thousand: the server searches as somebody types. */
export function SearchSelect({ query, value, onChange, ...rest }: Props) {
  const [typed, setTyped] = useState('')
  const [chosen, setChosen] = useState<Found>()
  const [q] = useDebouncedValue(typed.trim(), 200)
  // What the field shows of the one that was chosen is no search.
  const found = useQuery(query(q === chosen?.name ? '' : q))
  const all = found.data ?? []
  const options = chosen && !all.some(({ id }) => id === chosen.id) ? [chosen, ...all] : all
  return (
    <>
      <Select
        placeholder="Type a part of its name"
        {...rest}
        data={options.map(({ id, name }) => ({ value: id, label: name }))}
        value={value}
        onChange={id => {
          const one = options.find(option => option.id === id)
          setChosen(one)
          onChange(id, one?.name)
        }}
        onSearchChange={setTyped}
        searchable
        filter={({ options }) => options}
        nothingFoundMessage={found.data ? 'None is called so' : 'Searching'}
        maxDropdownHeight={280}
      />
      {found.error && <Trouble error={found.error} again={() => found.refetch()} />}
    </>
  )
}

type DeviceProps = Omit<Props, 'query'> & { organization: string }

export function DeviceSelect({ organization, ...rest }: DeviceProps) {
  return <SearchSelect {...rest} query={q => deviceChoiceQuery(organization, q)} />
}
