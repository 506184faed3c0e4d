import { Select } from '@mantine/core'
import { choose } from '../organization'

/** For who is in several organizations: which one the pages are about. */
export function OrganizationSelect({
  all,
  current,
}: {
  all: { id: string; name: string }[]
  current: string
}) {
  return (
    <Select
      aria-label="Organization"
      size="xs"
      data={all.map(({ id, name }) => ({ value: id, label: name }))}
      value={current}
      onChange={id => id && choose(id)}
      allowDeselect={false}
      searchable={all.length > 8}
    />
  )
}
