import { Checkbox, NativeSelect, TagsInput, TextInput } from '@mantine/core'
import type { FlowProblem } from '../../../../flow/diagram'
import {
  choicesOf,
  durationFrom,
  hintOf,
  itemsOf,
  kindOf,
  numberFrom,
  type Schema,
  titleOf,
} from '../../../../flow/schema'
import { editor } from '../../../../flow/store'
import { useForm } from './context'
import { DeviceField, DevicesField, SensorField, SensorsField } from './DeviceFields'
import { ExpressionField } from './ExpressionField'
import { JsonField } from './JsonField'
import { EitherField, ObjectField, RowsField, TupleField } from './NestedFields'

export interface FieldProps {
  /** The key; of what is in a list, that of the list. */
  name: string
  /** Where it is in the configuration, such as `cases[0].name`; absent where that is its key. */
  path?: string
  schema: Schema
  isRequired?: boolean
  value: unknown
  /** What the check says about it. */
  problems: readonly FlowProblem[]
  /** What is taken away is `undefined`. */
  onChange: (value: unknown) => void
  /** How it is called, where the key does not say it. */
  label?: string
}

export const text = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value)

/** What Mantine's fields have in common. */
export function useCommon({ name, schema, isRequired, problems, label }: FieldProps) {
  const { isReadOnly } = useForm()
  const { description } = schema
  return {
    size: 'xs',
    label: label ?? titleOf(name, schema),
    ...(typeof description === 'string' ? { description } : {}),
    // said by a star, and not by the browser: what is not filled in yet may be saved
    withAsterisk: isRequired ?? false,
    placeholder: hintOf(schema) ?? '',
    error: problems.length > 0 ? problems.map(({ message }) => message).join('; ') : undefined,
    readOnly: isReadOnly,
    onBlur: () => editor.getState().seal(),
  } as const
}

/** A field for a value of any schema. */
export function ValueField(props: FieldProps) {
  // by its place it is found by those who look for what a problem is about
  return (
    <div data-field={props.path ?? props.name}>
      <Field {...props} />
    </div>
  )
}

function Field(props: FieldProps) {
  switch (kindOf(props.schema, props.name)) {
    case 'fixed':
      return <FixedField {...props} />
    case 'choice':
      return <ChoiceField {...props} />
    case 'flag':
      return <FlagField {...props} />
    case 'number':
      return <TypedField {...props} read={numberFrom} />
    case 'duration':
      return <TypedField {...props} read={durationFrom} />
    case 'text':
      return <TypedField {...props} read={typed => (typed === '' ? undefined : typed)} />
    case 'expression':
      return <ExpressionField {...props} />
    case 'device':
      return <DeviceField {...props} />
    case 'devices':
      return <DevicesField {...props} />
    case 'sensor':
      return <SensorField {...props} />
    case 'sensors':
      return <SensorsField {...props} />
    case 'choices':
    case 'texts':
      return <WordsField {...props} />
    case 'tuple':
      return <TupleField {...props} />
    case 'rows':
      return <RowsField {...props} />
    case 'object':
      return <ObjectField {...props} />
    case 'either':
      return <EitherField {...props} />
    case 'json':
      return <JsonField {...props} />
  }
}

function FixedField({ name, schema, value, label }: FieldProps) {
  const fixed = schema['const'] ?? value
  const shown = Array.isArray(fixed) ? fixed.join(', ') : text(fixed)
  return (
    <div className="dim">
      {label ?? titleOf(name, schema)}: {shown}
    </div>
  )
}

function ChoiceField(props: FieldProps) {
  const { schema, value, onChange, isRequired } = props
  const { placeholder, readOnly, ...common } = useCommon(props)
  const choices = choicesOf(schema)
  const usual = schema['default'] === undefined ? undefined : String(schema['default'])
  const shown = value === undefined || value === null ? (usual ?? '') : text(value)
  // what is none of them stays what it is until it is changed
  const all = choices.includes(shown) ? choices : [shown, ...choices]
  return (
    <NativeSelect
      {...common}
      disabled={readOnly}
      value={shown}
      data={all.map(choice => ({ value: choice, label: choice === '' ? 'choose' : choice }))}
      onChange={event => {
        const chosen = event.currentTarget.value
        onChange(chosen === usual && !isRequired ? undefined : chosen)
      }}
    />
  )
}

function FlagField(props: FieldProps) {
  const { schema, value, onChange } = props
  const { label, description, error, size, readOnly } = useCommon(props)
  const isOn = value === undefined ? schema['default'] === true : value === true || value === 'true'
  return (
    <Checkbox
      {...{ label, description, error, size }}
      disabled={readOnly}
      checked={isOn}
      onChange={event => {
        const next = event.currentTarget.checked
        onChange(next === (schema['default'] ?? false) ? undefined : next)
      }}
    />
  )
}

/** What is typed, kept as it was typed where it is not what the field wants. */
function TypedField({ read, ...props }: FieldProps & { read: (typed: string) => unknown }) {
  const { value, onChange, schema } = props
  const most = schema['maxLength']
  return (
    <TextInput
      {...useCommon(props)}
      value={text(value)}
      {...(typeof most === 'number' ? { maxLength: most } : {})}
      onChange={event => onChange(read(event.currentTarget.value))}
    />
  )
}

/** A list of words: each is ended by Enter or a comma. */
function WordsField(props: FieldProps) {
  const { schema, value, onChange } = props
  const { placeholder, ...common } = useCommon(props)
  const choices = choicesOf(itemsOf(schema) ?? {})
  const words = Array.isArray(value) ? value.map(text) : []
  return (
    <TagsInput
      {...common}
      placeholder={words.length > 0 ? '' : placeholder || 'Type and press Enter'}
      data={choices}
      value={words}
      acceptValueOnBlur
      onChange={next => onChange(next.length > 0 ? next : undefined)}
    />
  )
}
