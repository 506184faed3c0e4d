import { Modal, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { type KeyboardEvent, useId, useState } from 'react'
import { api, take } from '../api/client'
import { useOrganization } from '../organization'
import { SearchIcon } from '../parts/icons'
import { Trouble } from '../parts/Trouble'
import classes from './Palette.module.css'
import { type Place, pagesFor, ranked } from './places'

const PAGES: Place[] = [
  { kind: 'Page', name: 'Overview', to: '/' },
  { kind: 'Page', name: 'Devices', to: '/devices' },
  { kind: 'Page', name: 'Flows', to: '/flows' },
  { kind: 'Page', name: 'Dashboards', to: '/dashboards' },
  { kind: 'Page', name: 'Explorer', to: '/explore' },
  { kind: 'Settings', name: 'Profile and password', to: '/settings/profile' },
  { kind: 'Settings', name: 'Sessions', to: '/settings/sessions' },
  { kind: 'Settings', name: 'API tokens', to: '/settings/tokens' },
  { kind: 'Settings', name: 'Organization', to: '/settings/organization' },
  { kind: 'Settings', name: 'Members', to: '/settings/members' },
  { kind: 'Settings', name: 'Projects', to: '/settings/projects' },
  { kind: 'Settings', name: 'Audit log', to: '/settings/audit' },
]

/** Of each kind of thing so many are offered. */
const EACH = 6

/** Goes anywhere by a name. Opened by Ctrl-K, or Command-K. */
export function Palette({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Go to"
      closeButtonProps={{ 'aria-label': 'Close' }}
      yOffset="10vh"
      centered={false}
    >
      <Search close={close} />
    </Modal>
  )
}

function Search({ close }: { close: () => void }) {
  const router = useRouter()
  const organization = useOrganization()
  const [typed, setTyped] = useState('')
  const [at, setAt] = useState(0)
  const [q] = useDebouncedValue(typed.trim().slice(0, 200), 150)
  // Only what this router has a page for.
  const has = (path: string) => path in router.routesByPath
  const found = useQuery({
    queryKey: ['places', organization?.id, q],
    enabled: q !== '' && organization !== undefined,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => find(q, organization?.id ?? '', has, signal),
  })
  const pages = pagesFor(
    typed,
    PAGES.filter(({ to }) => has(to)),
  )
  const places = typed.trim() === '' ? pages : [...pages, ...ranked(typed, found.data ?? [])]
  const list = useId()
  const chosen = Math.min(at, places.length - 1)
  const go = (place: Place | undefined) => {
    if (!place) return
    close()
    router.history.push(place.to)
  }
  const keys = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (event.key === 'Enter') go(places[chosen])
    else if (step === 0) return
    else setAt((chosen + step + places.length) % Math.max(1, places.length))
    event.preventDefault()
  }
  return (
    <div className="stack" style={{ gap: 8 }}>
      <TextInput
        aria-label="Name of a page, a device, a flow or a dashboard"
        placeholder="A page, a device, a flow or a dashboard"
        leftSection={<SearchIcon />}
        value={typed}
        onChange={event => {
          setTyped(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={keys}
        role="combobox"
        aria-expanded={places.length > 0}
        aria-controls={list}
        aria-activedescendant={places.length > 0 ? `${list}-${chosen}` : undefined}
        autoComplete="off"
        data-autofocus
      />
      <div
        id={list}
        role="listbox"
        aria-label="Places"
        className={classes['list']}
        hidden={places.length === 0}
      >
        {places.map((place, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
          <div
            key={place.to}
            id={`${list}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            className={classes['place']}
            onClick={() => go(place)}
            onMouseMove={() => setAt(index)}
            ref={index === chosen ? node => node?.scrollIntoView({ block: 'nearest' }) : undefined}
          >
            <span>{place.name}</span>
            <span className="dim">{place.kind}</span>
          </div>
        ))}
      </div>
      {found.error && <Trouble error={found.error} again={() => found.refetch()} />}
      <div role="status" className="dim">
        {places.length === 0 &&
          (found.isFetching || q !== typed.trim() ? 'Searching' : 'Nothing is called so.')}
      </div>
    </div>
  )
}

async function find(
  q: string,
  organization: string,
  has: (path: string) => boolean,
  signal: AbortSignal,
): Promise<Place[]> {
  const query = { q, organization, limit: EACH, sort: 'name' as const }
  const named = (kind: string, path: string, page: { items: { id: string; name: string }[] }): Place[] =>
    page.items.map(({ id, name }) => ({ kind, name, to: path.replace('$id', id) }))
  const all = await Promise.all([
    take(api.GET('/api/v1/devices', { params: { query }, signal })).then(page =>
      named('Device', '/devices/$id', page),
    ),
    has('/flows/$id')
      ? take(api.GET('/api/v1/flows', { params: { query: { q, limit: EACH, sort: 'name' } }, signal })).then(
          page => named('Flow', '/flows/$id', page),
        )
      : [],
    has('/dashboards/$id')
      ? take(api.GET('/api/v1/dashboard-templates', { params: { query }, signal })).then(page =>
          named('Dashboard', '/dashboards/$id', page),
        )
      : [],
  ])
  return all.flat()
}
