/**
 * A list of devices from a file: CSV whose first line names the columns, or a JSON object per line. Each row becomes the body of a new
 * device; what is wrong with a row is the server's to say, but for what makes it no row.
 */
export interface Row {
  /** Its line in the file, from 1. */
  line: number
  fields: Record<string, unknown>
}

export interface Parsed {
  rows: Row[]
  /** Why the file cannot be read, at which line. */
  problem?: { line: number; message: string }
}

/** At most as many as the server takes at once. */
export const ROWS_MAX = 5_000

const FIELDS = ['name', 'device_type', 'description']

export function parse(text: string, isJson: boolean): Parsed {
  const parsed = isJson ? parseJson(text) : parseCsv(text)
  if (!parsed.problem && parsed.rows.length === 0)
    return { ...parsed, problem: { line: 1, message: 'The file has no devices.' } }
  const beyond = parsed.rows[ROWS_MAX]
  if (!parsed.problem && beyond) {
    const message = `The file has more than ${ROWS_MAX.toLocaleString('en')} devices: send it in parts.`
    return { ...parsed, problem: { line: beyond.line, message } }
  }
  return parsed
}

function parseJson(text: string): Parsed {
  const rows: Row[] = []
  for (const [index, one] of text.split('\n').entries()) {
    if (!one.trim()) continue
    let fields: unknown
    try {
      fields = JSON.parse(one)
    } catch {
      return { rows, problem: { line: index + 1, message: 'This line is no JSON.' } }
    }
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
      return { rows, problem: { line: index + 1, message: 'This line is no JSON object.' } }
    rows.push({ line: index + 1, fields: fields as Record<string, unknown> })
  }
  return { rows }
}

function parseCsv(text: string): Parsed {
  const records = csv(text)
  if (!Array.isArray(records)) return { rows: [], problem: records }
  const [head, ...rest] = records
  const columns = head?.cells.map(cell => cell.trim()) ?? []
  if (!columns.includes('name')) {
    const message = `The first line must name the columns: ${FIELDS.join(', ')}. There is no “name”.`
    return { rows: [], problem: { line: 1, message } }
  }
  const rows: Row[] = []
  for (const { line, cells } of rest) {
    if (cells.length !== columns.length) {
      const message = `This line has ${cells.length} cells, where the first has ${columns.length}.`
      return { rows, problem: { line, message } }
    }
    const filled = columns.map((column, i) => [column, cells[i]] as const).filter(([, cell]) => cell !== '')
    rows.push({ line, fields: Object.fromEntries(filled) })
  }
  return { rows }
}

interface Record_ {
  line: number
  cells: string[]
}

/** Records of a CSV file (RFC 4180). Empty lines are none. */
export function csv(text: string): Record_[] | { line: number; message: string } {
  const records: Record_[] = []
  const source = text.replace(/^\ufeff/, '')
  let [at, line] = [0, 1]
  while (at < source.length) {
    const record: Record_ = { line, cells: [] }
    for (;;) {
      let cell = ''
      if (source[at] === '"') {
        const began = line
        for (;;) {
          const end = source.indexOf('"', at + 1)
          if (end < 0) return { line: began, message: 'A quote that opens here is never closed.' }
          cell += source.slice(at + 1, end)
          at = end + 1
          if (source[at] !== '"') break
          cell += '"'
        }
        line += cell.split('\n').length - 1
      } else {
        const end = /[,\r\n]|$/g
        end.lastIndex = at
        const stop = end.exec(source)?.index ?? source.length
        cell = source.slice(at, stop)
        at = stop
      }
      record.cells.push(cell)
      if (source[at] === ',') {
        at++
        continue
      }
      if (source[at] === '\r') at++
      if (at >= source.length || source[at] === '\n') {
        at++
        break
      }
      return { line, message: 'There is text where a comma or the end of the line should be.' }
    }
    line++
    if (record.cells.length > 1 || record.cells[0] !== '') records.push(record)
  }
  return records
}

/** What the server says of a row. */
export type Told = { line: number; status: number } & (
  | { device: { id: string; name: string }; token: string }
  | { detail: string; errors?: { pointer: string; message: string }[] }
)

/** Why a row made no device, in a sentence. */
export function reason(told: Told): string | undefined {
  if ('device' in told) return undefined
  const wrong = told.errors?.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`).join('; ')
  const text = wrong || told.detail
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`.replace(/\.\.$/, '.')
}

const quoted = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

/** The tokens of what was made, as a file to keep: they are told this once. */
export function tokensCsv(made: { id: string; name: string; token: string }[]): string {
  const lines = made.map(({ id, name, token }) => [id, name, token].map(quoted).join(','))
  return `${['id,name,token', ...lines].join('\r\n')}\r\n`
}
