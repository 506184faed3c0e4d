import { ActionIcon, Button, NumberInput, Select, TextInput } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { CrossIcon } from '../../../parts/icons'
import { KINDS, kindOf } from '../../../widgets/kinds'
import type { Aggregation, Item, WidgetType } from '../model/board'
import { changed, duplicated, newId, removed } from '../model/edits'
import { ConfigFields } from './ConfigFields'
import { Guests } from './Guests'
import classes from './Settings.module.css'
import { SourceFields } from './SourceFields'
import type { EditorState } from './useEditor'

const AGGREGATIONS: { value: Aggregation; label: string }[] = [
  { value: 'last', label: 'None: each value as it comes' },
  { value: 'avg', label: 'Average' },
  { value: 'sum', label: 'Sum' },
  { value: 'count', label: 'How many' },
  { value: 'min', label: 'Lowest' },
  { value: 'max', label: 'Highest' },
]

interface Props {
  item: Item
  editor: EditorState
  organization: string
  onClose: () => void
}

/** All that a widget is, beside its place. Each change is seen at once, and can be undone. */
export function Settings({ item, editor, organization, onClose }: Props) {
  const { edit, pause } = editor
  const id = item.widget_id
  const kind = kindOf(item.widget_type)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  const change = (part: Partial<Item>, field?: string) =>
    edit(board => changed(board, id, part), field && `${id} ${field}`)
  const most = item.source.data_source_type === 'flow_node' ? 2_000 : 10_000
  return (
    <aside
      className={`panel ${classes['settings']}`}
      aria-label="Settings of the widget"
      onBlur={pause}
      onKeyDown={event => {
        // An open list takes the key first.
        if (event.key === 'Escape' && !event.defaultPrevented) onClose()
      }}
    >
      <div className="row spread" style={{ flexWrap: 'nowrap' }}>
        <h2 ref={heading} tabIndex={-1} className={classes['heading']}>
          {item.title || kind.name}
        </h2>
        <ActionIcon variant="subtle" color="gray" aria-label="Close the settings" onClick={onClose}>
          <CrossIcon />
        </ActionIcon>
      </div>
      <TextInput
        label="Title"
        value={item.title}
        onChange={event => change({ title: event.currentTarget.value }, 'title')}
        maxLength={200}
      />
      <Select
        label="Kind"
        description={kind.purpose}
        data={KINDS.map(({ type, name }) => ({ value: type, label: name }))}
        value={item.widget_type}
        onChange={type => type && change({ widget_type: type as WidgetType })}
        allowDeselect={false}
        maxDropdownHeight={320}
      />
      {kind.series !== 'none' && (
        <SourceFields
          organization={organization}
          source={item.source}
          onChange={source => change({ source })}
        />
      )}
      {kind.series === 'many' && <Guests item={item} editor={editor} organization={organization} />}
      <fieldset className={classes['group']}>
        <legend>Values</legend>
        <Select
          label="Aggregation"
          description="What becomes of the values of a refresh interval."
          data={AGGREGATIONS}
          value={item.aggregation}
          onChange={value => value && change({ aggregation: value as Aggregation })}
          allowDeselect={false}
        />
        <NumberInput
          label="Refresh interval, in seconds"
          value={item.refresh_interval / 1_000}
          min={0.1}
          max={86_400}
          decimalScale={1}
          step={1}
          clampBehavior="blur"
          onChange={value => {
            const ms = Math.round(Number(value) * 1_000)
            if (ms >= 100 && ms <= 86_400_000) change({ refresh_interval: ms }, 'refresh')
          }}
        />
        <NumberInput
          label="Samples that are kept"
          value={item.max_samples}
          min={1}
          max={most}
          allowDecimal={false}
          clampBehavior="blur"
          onChange={value => {
            if (typeof value === 'number' && value >= 1 && value <= most)
              change({ max_samples: value }, 'samples')
          }}
        />
      </fieldset>
      {kind.fields.length > 0 && (
        <fieldset className={classes['group']}>
          <legend>Look</legend>
          <ConfigFields
            fields={kind.fields}
            config={item.widget_config}
            onChange={(widget_config, field) => change({ widget_config }, field)}
          />
        </fieldset>
      )}
      <div className="row">
        <Button
          size="xs"
          variant="default"
          onClick={() => edit(board => duplicated(board, id, newId(item.widget_type)))}
        >
          Duplicate
        </Button>
        <Button
          size="xs"
          variant="outline"
          color="red"
          onClick={() => {
            edit(board => removed(board, id))
            onClose()
          }}
        >
          Remove
        </Button>
      </div>
    </aside>
  )
}
