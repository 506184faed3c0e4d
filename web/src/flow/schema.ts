/** The part of JSON Schema that configurations of nodes are described by: which field a value is edited with, and how text becomes one. */

export type Schema = Readonly<Record<string, unknown>>

export type Kind =
  | 'fixed'
  | 'choice'
  | 'expression'
  | 'device'
  | 'sensor'
  | 'flag'
  | 'number'
  | 'duration'
  | 'text'
  /** Lists of those that a picker shows together. */
  | 'devices'
  | 'sensors'
  | 'choices'
  | 'texts'
  /** A list of anything else: a row for each. */
  | 'rows'
  | 'tuple'
  | 'object'
  | 'either'
  /** What none of these edits: its JSON. */
  | 'json'

export interface Field {
  key: string
  schema: Schema
  isRequired: boolean
}

const isSchema = (of: unknown): of is Schema => typeof of === 'object' && of !== null && !Array.isArray(of)

/** The fields of an object, in the order of its schema. */
export function fieldsOf(schema: Schema): Field[] {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(properties).flatMap(([key, of]) =>
    isSchema(of) ? [{ key, schema: of, isRequired: required.includes(key) }] : [],
  )
}

/** Fields of which at least one is needed, by their titles. */
export function oneNeeded(schema: Schema): string[] {
  const any = Array.isArray(schema['anyOf']) ? schema['anyOf'] : []
  const keys = any.flatMap(one => (isSchema(one) && Array.isArray(one['required']) ? one['required'] : []))
  return fieldsOf(schema)
    .filter(({ key }) => keys.includes(key))
    .map(({ key, schema }) => titleOf(key, schema))
}

/** What edits a value of this schema; `key` is the field's name, if it is one. */
export function kindOf(schema: Schema, key = ''): Kind {
  if ('const' in schema || schema['readOnly'] === true) return 'fixed'
  if (Array.isArray(schema['oneOf'])) return 'either'
  if (Array.isArray(schema['enum'])) return 'choice'
  const types = typesOf(schema)
  if (types.length === 2 && types.includes('string') && types.includes('integer')) return 'duration'
  switch (types.length === 1 ? types[0] : undefined) {
    case 'boolean':
      return 'flag'
    case 'number':
    case 'integer':
      return 'number'
    case 'object':
      return fieldsOf(schema).length > 0 ? 'object' : 'json'
    case 'string':
      if (schema['format'] === 'cel' || schema['format'] === 'cel-assignment') return 'expression'
      if (schema['format'] === 'uuid') return 'device'
      return key === 'variable' ? 'sensor' : 'text'
    case 'array':
      return listKindOf(schema, key)
    default:
      return 'json'
  }
}

function listKindOf(schema: Schema, key: string): Kind {
  const items = itemsOf(schema)
  if (!items) return 'json'
  if (
    typeof items['type'] === 'string' &&
    items['minItems'] === items['maxItems'] &&
    items['type'] === 'array'
  ) {
    return 'rows'
  }
  const of = kindOf(items)
  if (of === 'device') return 'devices'
  if (of === 'choice') return 'choices'
  if (of === 'text') return key === 'sensors' ? 'sensors' : 'texts'
  // a list of a fixed length is a row of numbers
  if (of === 'number' && schema['minItems'] !== undefined && schema['minItems'] === schema['maxItems'])
    return 'tuple'
  return of === 'json' ? 'json' : 'rows'
}

export function typesOf(schema: Schema): string[] {
  const { type } = schema
  return Array.isArray(type)
    ? type.filter(one => typeof one === 'string')
    : typeof type === 'string'
      ? [type]
      : []
}

export function itemsOf(schema: Schema): Schema | undefined {
  return isSchema(schema['items']) ? schema['items'] : undefined
}

/** The forms that a value may have. */
export function formsOf(schema: Schema): Schema[] {
  return (Array.isArray(schema['oneOf']) ? schema['oneOf'] : []).filter(isSchema)
}

/** The form that a value has, the first one if it has none. */
export function formOf(schema: Schema, value: unknown): number {
  const type = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
  const at = formsOf(schema).findIndex(form =>
    typesOf(form).some(one => one === type || (one === 'integer' && type === 'number')),
  )
  return Math.max(0, at)
}

export function choicesOf(schema: Schema): string[] {
  return Array.isArray(schema['enum']) ? schema['enum'].map(String) : []
}

/** What people call a field. */
export function titleOf(key: string, schema: Schema): string {
  if (typeof schema['title'] === 'string') return schema['title']
  const words = key.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** What stands in an empty field: the value that is taken then, or an example. */
export function hintOf(schema: Schema): string | undefined {
  const usual = schema['default']
  if (usual !== undefined) return Array.isArray(usual) ? usual.join(', ') : String(usual)
  const [example] = Array.isArray(schema['examples']) ? schema['examples'] : []
  return example === undefined ? undefined : `such as ${example}`
}

/** What a new row of a list begins with. */
export function blankOf(schema: Schema): unknown {
  switch (kindOf(schema)) {
    case 'either':
      return blankOf(formsOf(schema)[0] ?? {})
    case 'object':
      return Object.fromEntries(
        fieldsOf(schema)
          .filter(({ isRequired }) => isRequired)
          .map(({ key, schema }) => [key, blankOf(schema)]),
      )
    case 'tuple':
      return Array.from({ length: Number(schema['minItems']) }, () => 0)
    case 'number':
      return 0
    case 'flag':
      return false
    case 'rows':
      return []
    default:
      return ''
  }
}

/** A number as it was typed: what is none stays text, so that nothing is lost and the check can say so. */
export function numberFrom(text: string): number | string | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  const read = Number(trimmed)
  return Number.isFinite(read) && !isUnfinished(trimmed) ? read : text
}

// "1." and "1.50" are on their way to something
const isUnfinished = (text: string) => String(Number(text)) !== text

/** A length of time as it was typed: whole milliseconds are a number, such as "5m" is text. */
export function durationFrom(text: string): number | string | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  return /^\d{1,15}$/.test(trimmed) ? Number(trimmed) : text
}
