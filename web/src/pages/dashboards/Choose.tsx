import { Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { deviceNameQuery, devicesLikeQuery, flowNodesQuery, flowsLikeQuery } from '../../api/dashboards'

interface Props {
  organization: string
  label: string
  value: string | null
  onChange: (id: string | null) => void
  clearable?: boolean
  error?: string | undefined
}

/** Searches among all devices of the organization. */
export function DeviceSelect({ organization, ...rest }: Props) {
  const [typed, setTyped] = useState('')
  const name = useQuery({ ...deviceNameQuery(rest.value ?? ''), enabled: rest.value !== null }).data
  const [q] = useDebouncedValue(typed === name ? '' : typed.trim(), 200)
  const found = useQuery(devicesLikeQuery(organization, q))
  return (
    <Choose
      {...rest}
      typed={typed}
      onType={setTyped}
      name={name}
      found={found.data}
      none="No device is called so."
    />
  )
}

export function FlowSelect({ organization: _, ...rest }: Props) {
  const [typed, setTyped] = useState('')
  const flow = useQuery({ ...flowNodesQuery(rest.value ?? ''), enabled: rest.value !== null }).data
  const name = flow === null ? null : flow?.name
  const [q] = useDebouncedValue(typed === name ? '' : typed.trim(), 200)
  const found = useQuery(flowsLikeQuery(q))
  return (
    <Choose
      {...rest}
      typed={typed}
      onType={setTyped}
      name={name}
      found={found.data}
      none="No flow is called so."
    />
  )
}

interface ChooseProps extends Omit<Props, 'organization'> {
  typed: string
  onType: (typed: string) => void
  /** What the chosen one is called; null if it is not there any more. */
  name: string | null | undefined
  found: { id: string; name: string }[] | undefined
  none: string
}

function Choose({
  label,
  value,
  onChange,
  clearable = false,
  error,
  typed,
  onType,
  name,
  found,
  none,
}: ChooseProps) {
  const options = (found ?? []).map(({ id, name }) => ({ value: id, label: name }))
  // The chosen one may be none of those that were found last.
  if (value !== null && !options.some(option => option.value === value)) {
    options.unshift({ value, label: name ?? (name === null ? 'Gone, or not for you' : 'Loading') })
  }
  return (
    <Select
      label={label}
      placeholder="Type to search"
      data={options}
      searchable
      searchValue={typed}
      onSearchChange={onType}
      filter={({ options }) => options}
      value={value}
      onChange={onChange}
      allowDeselect={false}
      clearable={clearable}
      error={
        error ??
        (name === null && value !== null ? 'It is gone, or you may not read it. Choose another.' : undefined)
      }
      nothingFoundMessage={found ? none : 'Searching'}
    />
  )
}
