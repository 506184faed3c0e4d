import { Input, NumberInput, Select, Switch, Textarea, TextInput } from '@mantine/core'
import type { Field } from '../../../widgets/kinds'
import { ColourField } from './ColourField'
import { ListField } from './ListField'

interface Props {
  fields: readonly Field[]
  config: Record<string, unknown>
  /** `field` says which one it was: letters that are typed into one are one step. */
  onChange: (config: Record<string, unknown>, field: string) => void
}

/** What a kind of widget asks for. An empty field is left out of the configuration. */
export function ConfigFields({ fields, config, onChange }: Props) {
  return fields.map(field => (
    <OneField
      key={field.key}
      field={field}
      value={config[field.key]}
      onChange={value => {
        const { [field.key]: _, ...rest } = config
        onChange(value === undefined ? rest : { ...rest, [field.key]: value }, field.key)
      }}
    />
  ))
}

interface OneProps {
  field: Field
  value: unknown
  onChange: (value: unknown) => void
}

function OneField({ field, value, onChange }: OneProps) {
  const { label, help } = field
  const words = { label, ...(help ? { description: help } : {}) }
  switch (field.kind) {
    case 'number':
      return (
        <NumberInput
          {...words}
          value={typeof value === 'number' ? value : ''}
          {...(field.least !== undefined ? { min: field.least } : {})}
          {...(field.most !== undefined ? { max: field.most } : {})}
          {...(field.step !== undefined ? { step: field.step } : {})}
          {...(field.placeholder ? { placeholder: field.placeholder } : {})}
          allowDecimal={!field.isWhole}
          clampBehavior="blur"
          onChange={next => {
            if (next === '') return onChange(undefined)
            // A minus or a point that more is to follow is no number yet.
            if (typeof next !== 'number') return
            const { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = field
            if (next >= least && next <= most) onChange(next)
          }}
        />
      )
    case 'text': {
      const shared = {
        ...words,
        value: typeof value === 'string' ? value : '',
        maxLength: field.most,
        ...(field.placeholder ? { placeholder: field.placeholder } : {}),
      }
      const type = (next: string) => onChange(next === '' ? undefined : next)
      return field.isLong ? (
        <Textarea
          {...shared}
          autosize
          minRows={3}
          maxRows={10}
          onChange={event => type(event.currentTarget.value)}
        />
      ) : (
        <TextInput {...shared} onChange={event => type(event.currentTarget.value)} />
      )
    }
    case 'choice':
      return (
        <Select
          {...words}
          data={[...field.choices]}
          value={field.choices.some(choice => choice.value === value) ? (value as string) : field.otherwise}
          onChange={next => onChange(next === field.otherwise ? undefined : (next ?? undefined))}
          allowDeselect={false}
        />
      )
    case 'flag':
      return (
        <Switch
          {...words}
          checked={typeof value === 'boolean' ? value : field.otherwise}
          onChange={event => {
            const next = event.currentTarget.checked
            onChange(next === field.otherwise ? undefined : next)
          }}
        />
      )
    case 'colour':
      return (
        <Input.Wrapper {...words} labelElement="div">
          <ColourField label={label} value={value} onChange={onChange} />
        </Input.Wrapper>
      )
    case 'thresholds':
    case 'meanings':
      return (
        <Input.Wrapper {...words} labelElement="div">
          <ListField kind={field.kind} label={label} value={value} onChange={onChange} />
        </Input.Wrapper>
      )
  }
}
