import { Autocomplete, MultiSelect, Select, TagsInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery, useQueries } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../../../api/client'
import { devicesQuery, sensorsQuery } from '../../../../api/queries'
import { useOrganization } from '../../../../organization'
import { useForm } from './context'
import { type FieldProps, text, useCommon } from './ValueField'

/** Of so many chosen devices the names and sensors are asked for; of more, ids are shown. */
const ASKED_MOST = 20

interface Choice {
  value: string
  label: string
}

/** Devices that are called so, and those that are chosen. */
function useDevices(typed: string, chosen: readonly string[]): { choices: Choice[]; isLoading: boolean } {
  const organization = useOrganization()
  // what is typed may be the name of what is chosen: then all are offered, as when nothing is typed
  const [q] = useDebouncedValue(typed.trim(), 200)
  const list = useInfiniteQuery({
    ...devicesQuery(organization?.id ?? '', { q: q || undefined, sort: 'name' }),
    enabled: organization !== undefined,
    refetchInterval: false,
  })
  const names = useQueries({
    queries: chosen.slice(0, ASKED_MOST).map(id => ({
      queryKey: ['device-name', id],
      staleTime: 60_000,
      queryFn: () => take(api.GET('/api/v1/devices/{id}', { params: { path: { id } } })),
    })),
  })
  const choices = new Map<string, string>()
  for (const { id, name } of list.data?.pages.flatMap(page => page.items) ?? []) choices.set(id, name)
  chosen.forEach((id, n) => {
    if (!choices.has(id)) choices.set(id, names[n]?.data?.name ?? id)
  })
  return { choices: [...choices].map(([value, label]) => ({ value, label })), isLoading: list.isLoading }
}

const nothing = (isLoading: boolean) =>
  isLoading ? 'Loading' : 'No device is called so. Devices are added on their page.'

/** One device, by its name. */
export function DeviceField(props: FieldProps) {
  const { value, onChange } = props
  const [typed, setTyped] = useState('')
  const chosen = text(value)
  const { placeholder: _, ...common } = useCommon(props)
  const { choices, isLoading } = useDevices(nameOrNot(typed), chosen ? [chosen] : [])
  return (
    <Select
      {...common}
      placeholder="Search by name"
      data={choices}
      value={chosen || null}
      onChange={id => onChange(id ?? undefined)}
      searchable
      clearable
      searchValue={typed}
      onSearchChange={setTyped}
      nothingFoundMessage={nothing(isLoading)}
    />
  )

  /** The field shows the name of what is chosen, which is not searched for. */
  function nameOrNot(typed: string): string {
    return chosen ? '' : typed
  }
}

/** Devices, by their names. */
export function DevicesField(props: FieldProps) {
  const { value, onChange } = props
  const [typed, setTyped] = useState('')
  const chosen = Array.isArray(value) ? [...new Set(value.map(text))] : []
  const { placeholder: _, ...common } = useCommon(props)
  const { choices, isLoading } = useDevices(typed, chosen)
  return (
    <MultiSelect
      {...common}
      placeholder={chosen.length > 0 ? '' : 'Search by name'}
      data={choices}
      value={chosen}
      onChange={ids => onChange(ids.length > 0 ? ids : undefined)}
      searchable
      clearable
      hidePickedOptions
      searchValue={typed}
      onSearchChange={setTyped}
      // the server has searched, by more than the name
      filter={({ options }) => options}
      nothingFoundMessage={nothing(isLoading)}
    />
  )
}

/** Names of sensors that the node's devices have sent. */
function useSensors(): string[] {
  const { node } = useForm()
  const { devices, deviceUuid } = node.data
  const chosen = Array.isArray(devices) ? devices.map(text) : text(deviceUuid) ? [text(deviceUuid)] : []
  return useQueries({
    queries: chosen
      .slice(0, ASKED_MOST)
      .map(id => ({ ...sensorsQuery(id), refetchInterval: false as const })),
    combine: answers => {
      const names = answers.flatMap(({ data }) => data?.map(sensor => sensor.sensor_type) ?? [])
      return [...new Set(names)].sort()
    },
  })
}

/** One sensor: any name may be written, also one that was not sent yet. */
export function SensorField(props: FieldProps) {
  const { value, onChange } = props
  return (
    <Autocomplete
      {...useCommon(props)}
      data={useSensors()}
      value={text(value)}
      onChange={name => onChange(name || undefined)}
    />
  )
}

/** Sensors: any names. */
export function SensorsField(props: FieldProps) {
  const { value, onChange } = props
  const { placeholder: _, ...common } = useCommon(props)
  const names = Array.isArray(value) ? value.map(text) : []
  return (
    <TagsInput
      {...common}
      placeholder={names.length > 0 ? '' : 'Type and press Enter'}
      data={useSensors()}
      value={names}
      acceptValueOnBlur
      onChange={next => onChange(next.length > 0 ? next : undefined)}
    />
  )
}
