import { ActionIcon, Button, NativeSelect } from '@mantine/core'
import {
  blankOf,
  fieldsOf,
  formOf,
  formsOf,
  itemsOf,
  kindOf,
  type Schema,
  titleOf,
} from '../../../../flow/schema'
import { DownIcon, PlusIcon, RemoveIcon, UpIcon } from '../../../../parts/icons'
import classes from '../Inspector.module.css'
import { isOf, useForm } from './context'
import { type FieldProps, ValueField } from './ValueField'

/** "Cases" is a list of "Case 1", "Case 2". */
const singular = (title: string) => title.replace(/ies$/, 'y').replace(/([^s])s$/, '$1')

/** A list: a row for each, in an order that may matter. */
export function RowsField({
  name,
  path = name,
  schema,
  isRequired,
  value,
  problems,
  onChange,
  label,
}: FieldProps) {
  const { isReadOnly } = useForm()
  const items = itemsOf(schema) ?? {}
  const rows: unknown[] = Array.isArray(value) ? value : []
  const title = label ?? titleOf(name, schema)
  const most = typeof schema['maxItems'] === 'number' ? schema['maxItems'] : Number.POSITIVE_INFINITY
  const set = (next: unknown[]) => onChange(next.length > 0 ? next : undefined)
  const swap = (n: number) => set([...rows.slice(0, n - 1), rows[n], rows[n - 1], ...rows.slice(n + 1)])
  const general = problems.filter(({ field }) => field === path)
  return (
    <fieldset className={classes['rows']}>
      <legend>
        {title}
        {isRequired && <span style={{ color: 'var(--mantine-color-error)' }}> *</span>}
      </legend>
      {general.map(({ message }) => (
        <div key={message} style={{ color: 'var(--bad)', fontSize: 12 }}>
          {message}
        </div>
      ))}
      {rows.map((row, n) => {
        const called = `${singular(title)} ${n + 1}`
        const remove = () => set(rows.filter((_, at) => at !== n))
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows are told apart by their places only
          <div key={n} className={classes['line']}>
            <ValueField
              name={name}
              path={`${path}[${n}]`}
              schema={items}
              label={called}
              value={row}
              problems={problems.filter(problem => isOf(problem, `${path}[${n}]`))}
              onChange={next => set(rows.map((one, at) => (at === n ? (next ?? blankOf(items)) : one)))}
            />
            {!isReadOnly && (
              <div>
                <Small label={`Move ${called} up`} disabled={n === 0} onClick={() => swap(n)}>
                  <UpIcon />
                </Small>
                <Small
                  label={`Move ${called} down`}
                  disabled={n === rows.length - 1}
                  onClick={() => swap(n + 1)}
                >
                  <DownIcon />
                </Small>
                <Small label={`Remove ${called}`} onClick={remove}>
                  <RemoveIcon />
                </Small>
              </div>
            )}
          </div>
        )
      })}
      {!isReadOnly && rows.length < most && (
        <Button
          size="xs"
          variant="default"
          leftSection={<PlusIcon />}
          onClick={() => set([...rows, blankOf(items)])}
        >
          Add {singular(title).toLowerCase()}
        </Button>
      )}
    </fieldset>
  )
}

interface SmallProps {
  label: string
  disabled?: boolean
  onClick: () => void
  children: React.ReactNode
}

function Small({ label, disabled = false, onClick, children }: SmallProps) {
  return (
    <ActionIcon
      size="sm"
      className={classes['small'] ?? ''}
      variant="subtle"
      color="gray"
      aria-label={label}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
    </ActionIcon>
  )
}

/** What has named parts. */
export function ObjectField({ name, path = name, schema, value, problems, onChange, label }: FieldProps) {
  const parts = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const set = (key: string, part: unknown) => {
    const next = { ...parts, [key]: part }
    if (part === undefined) delete next[key]
    onChange(next)
  }
  return (
    <fieldset className={classes['fields']} aria-label={label ?? titleOf(name, schema)}>
      {fieldsOf(schema).map(field => (
        <ValueField
          key={field.key}
          name={field.key}
          path={`${path}.${field.key}`}
          schema={field.schema}
          isRequired={field.isRequired}
          label={
            label
              ? `${label}, ${titleOf(field.key, field.schema).toLowerCase()}`
              : titleOf(field.key, field.schema)
          }
          value={parts[field.key]}
          problems={problems.filter(problem => isOf(problem, `${path}.${field.key}`))}
          onChange={part => set(field.key, part)}
        />
      ))}
      {problems
        .filter(({ field }) => field === path)
        .map(({ message }) => (
          <div key={message} style={{ color: 'var(--bad)', fontSize: 12 }}>
            {message}
          </div>
        ))}
    </fieldset>
  )
}

/** What may have one of several forms: it is shown in the one that it has, and may be given another. */
export function EitherField(props: FieldProps) {
  const { schema, value, onChange, label, name } = props
  const { isReadOnly } = useForm()
  const forms = formsOf(schema)
  const at = formOf(schema, value)
  const form = forms[at] ?? {}
  const title = label ?? titleOf(name, schema)
  return (
    <div className={classes['fields']}>
      <ValueField {...props} schema={form} />
      {forms.length > 1 && !isReadOnly && (
        <NativeSelect
          size="xs"
          aria-label={`Form of ${title}`}
          value={String(at)}
          data={forms.map((form, n) => ({ value: String(n), label: wordOf(form) }))}
          onChange={event => {
            const next = forms[Number(event.currentTarget.value)]
            if (next) onChange(turned(value, next))
          }}
        />
      )}
    </div>
  )
}

function wordOf(form: Schema): string {
  if (kindOf(form) === 'object')
    return `${fieldsOf(form)
      .map(({ key, schema }) => titleOf(key, schema).toLowerCase())
      .join(' and ')}`
  return 'in one line'
}

/** A value in another form, with as much of it as both can say: `a = 1` is the name a and the expression 1. */
function turned(value: unknown, form: Schema): unknown {
  const blank = blankOf(form)
  if (kindOf(form) === 'object' && typeof value === 'string') {
    const [, name = '', expression = ''] = /^\s*(\w*)\s*=?\s*([\s\S]*)$/.exec(value) ?? []
    const keys = fieldsOf(form).map(({ key }) => key)
    if (keys.includes('name') && keys.includes('expression'))
      return { ...(blank as object), name, expression }
  }
  if (typeof blank === 'string' && typeof value === 'object' && value !== null) {
    const { name = '', expression = '' } = value as { name?: string; expression?: string }
    return name || expression ? `${name} = ${expression}` : ''
  }
  return blank
}

/** A list of as many as there must be, side by side. */
export function TupleField({ name, path = name, schema, value, problems, onChange, label }: FieldProps) {
  const items = itemsOf(schema) ?? {}
  const count = Number(schema['minItems'])
  const parts: unknown[] = Array.isArray(value) ? value : []
  const title = label ?? titleOf(name, schema)
  const sides = count === 2 ? ['in', 'out'] : Array.from({ length: count }, (_, n) => String(n + 1))
  return (
    <fieldset className={classes['tuple']} aria-label={title}>
      {sides.map((side, n) => (
        <ValueField
          key={side}
          name={name}
          path={`${path}[${n}]`}
          schema={items}
          label={`${title}, ${side}`}
          value={parts[n]}
          problems={n === 0 ? problems : []}
          onChange={part => onChange(sides.map((_, at) => (at === n ? (part ?? '') : (parts[at] ?? 0))))}
        />
      ))}
    </fieldset>
  )
}
