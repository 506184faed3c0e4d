import { Button, TextInput } from '@mantine/core'
import { PlusIcon } from '../../../parts/icons'
import { PART_FIELDS } from '../../../widgets/kinds'
import { guests, type Item } from '../model/board'
import { changed, joined, newId, removed } from '../model/edits'
import { ConfigFields } from './ConfigFields'
import classes from './Settings.module.css'
import { SourceFields } from './SourceFields'
import type { EditorState } from './useEditor'

interface Props {
  item: Item
  editor: EditorState
  organization: string
}

/** More lines nobody tells apart; there are as many colours. */
const MOST = 8

/** Further series that a widget draws: each is a widget of the server with a source of its own. */
export function Guests({ item, editor, organization }: Props) {
  const { board, edit } = editor
  const own = guests(board.items, item)
  const add = () => {
    const widget_id = newId('series')
    const { widget_type, aggregation, refresh_interval, max_samples } = item
    edit(now =>
      joined(
        now,
        {
          widget_id,
          title: `Series ${own.length + 2}`,
          widget_type,
          widget_config: {},
          source: { data_source_type: 'static', static_value: null },
          aggregation,
          refresh_interval,
          max_samples,
        },
        item.widget_id,
      ),
    )
  }
  return (
    <fieldset className={classes['group']}>
      <legend>Further series</legend>
      <ul className={classes['list']}>
        {own.map(guest => {
          const id = guest.widget_id
          const change = (part: Partial<Item>, field?: string) =>
            edit(now => changed(now, id, part), field && `${id} ${field}`)
          const isNew = guest.source.data_source_type === 'static' && guest.source.static_value === null
          return (
            <li key={id}>
              <details className={classes['guest']} open={isNew}>
                <summary>{guest.title || id}</summary>
                <div className="stack">
                  <TextInput
                    label="Name of the series"
                    value={guest.title}
                    onChange={event => change({ title: event.currentTarget.value }, 'title')}
                    maxLength={200}
                  />
                  <SourceFields
                    organization={organization}
                    source={guest.source}
                    onChange={source => change({ source })}
                  />
                  <ConfigFields
                    fields={PART_FIELDS}
                    config={guest.widget_config}
                    onChange={(widget_config, field) => change({ widget_config }, field)}
                  />
                  <Button
                    size="xs"
                    variant="outline"
                    color="red"
                    onClick={() => edit(now => removed(now, id))}
                  >
                    Remove the series
                  </Button>
                </div>
              </details>
            </li>
          )
        })}
      </ul>
      <Button
        size="xs"
        variant="default"
        leftSection={<PlusIcon />}
        disabled={own.length + 1 >= MOST}
        onClick={add}
        style={{ alignSelf: 'flex-start' }}
      >
        Add a series
      </Button>
    </fieldset>
  )
}
