import { ActionIcon, Button, NumberInput, Select, TextInput } from '@mantine/core'
import { CrossIcon, PlusIcon } from '../../../parts/icons'
import { STATES, type State, WORDS } from '../../../widgets/config'
import classes from './Settings.module.css'

interface Props {
  /** Thresholds hold from a number on, meanings for a value as it is sent. */
  kind: 'thresholds' | 'meanings'
  label: string
  value: unknown
  onChange: (value: unknown) => void
}

type Entry = Record<string, unknown>

const CHOICES = STATES.map(state => ({ value: state, label: WORDS[state] }))
/** More nobody tells apart. */
const MOST = 20

/** Judgements: each has a state, which is a colour and an icon, and a word. */
export function ListField({ kind, label, value, onChange }: Props) {
  const entries = Array.isArray(value)
    ? value.filter((entry): entry is Entry => typeof entry === 'object' && entry !== null)
    : []
  const put = (next: Entry[]) => onChange(next.length > 0 ? next : undefined)
  const change = (place: number, part: Entry) => put(entries.with(place, { ...entries[place], ...part }))
  const add = () =>
    put([...entries, kind === 'thresholds' ? next(entries) : { value: '', state: 'ok', word: '' }])
  return (
    <ul className={classes['list']} aria-label={label}>
      {entries.map((entry, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an entry is its place, it has nothing else
        <li key={place} className={classes['entry']}>
          {kind === 'thresholds' ? (
            <NumberInput
              size="xs"
              label="From"
              value={typeof entry['from'] === 'number' ? entry['from'] : ''}
              onChange={from => typeof from === 'number' && change(place, { from })}
            />
          ) : (
            <TextInput
              size="xs"
              label="Value"
              value={typeof entry['value'] === 'string' ? entry['value'] : ''}
              maxLength={100}
              onChange={event => change(place, { value: event.currentTarget.value })}
            />
          )}
          <Select
            size="xs"
            label="It is"
            data={CHOICES}
            value={STATES.includes(entry['state'] as State) ? (entry['state'] as string) : 'ok'}
            onChange={state => change(place, { state })}
            allowDeselect={false}
          />
          <TextInput
            size="xs"
            label="Word"
            placeholder={
              kind === 'thresholds' ? WORDS[(entry['state'] as State) ?? 'ok'] : String(entry['value'])
            }
            value={typeof entry['word'] === 'string' ? entry['word'] : ''}
            maxLength={30}
            onChange={event => change(place, { word: event.currentTarget.value })}
          />
          <ActionIcon
            variant="default"
            size={30}
            aria-label={`Remove entry ${place + 1} of ${label}`}
            onClick={() => put(entries.filter((_, other) => other !== place))}
          >
            <CrossIcon />
          </ActionIcon>
        </li>
      ))}
      <li>
        <Button
          size="xs"
          variant="default"
          leftSection={<PlusIcon />}
          disabled={entries.length >= MOST}
          onClick={add}
        >
          {kind === 'thresholds' ? 'Add a threshold' : 'Add a meaning'}
        </Button>
      </li>
    </ul>
  )
}

/** The next threshold is above the last one, and worse. */
function next(entries: readonly Entry[]): Entry {
  const last = entries.at(-1)
  const from = typeof last?.['from'] === 'number' ? last['from'] + 10 : 0
  const state = STATES[Math.min(STATES.indexOf(last?.['state'] as State) + 1, STATES.length - 1)] ?? 'ok'
  return { from, state, word: '' }
}
