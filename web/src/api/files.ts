/** Files that come and go: exports and imports of readings, and devices from a list. */
import { api, take } from './client'
import { Problem } from './problem'

export type ExportFormat = 'csv' | 'ndjson' | 'parquet'

export interface ExportQuestion {
  devices: string[]
  /** All if there are none. */
  sensors: string[]
  from: number
  to: number
  format: ExportFormat
}

/** Reads an export to its end. `told` hears how many bytes have come. A file that was cut off is refused, never kept. */
export async function exported(
  { devices, sensors, from, to, format }: ExportQuestion,
  signal: AbortSignal,
  told: (bytes: number) => void,
): Promise<Blob> {
  const query = new URLSearchParams({ device: devices.join(','), from: `${from}`, to: `${to}`, format })
  if (sensors.length > 0) query.set('sensor', sensors.join(','))
  const response = await fetch(`/api/v1/readings/export?${query}`, { signal }).catch(error => {
    throw error instanceof DOMException && error.name === 'AbortError' ? error : Problem.unreachable()
  })
  if (!response.ok) throw Problem.from(response, await response.json().catch(() => undefined))
  let bytes = 0
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength
      told(bytes)
      controller.enqueue(chunk)
    },
  })
  try {
    // The browser keeps a long one on its disk.
    return await new Response(response.body?.pipeThrough(counted)).blob()
  } catch (error) {
    if (signal.aborted) throw error
    throw new Problem(0, 'export_cut', 'the file was cut off before its end')
  }
}

/** Lets the browser store it. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The download has begun when this task is over.
  setTimeout(() => URL.revokeObjectURL(url), 0)
}

const isJson = (file: File) => /\.(ndjson|jsonl|json)$/i.test(file.name)
export const typeOf = (file: File) => (isJson(file) ? 'application/x-ndjson' : 'text/csv')

/** The same for the same file: sent again after a failure, what was stored is not stored twice. */
export function importId(file: Pick<File, 'name' | 'size' | 'lastModified'>): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(`${file.name}\n${file.size}\n${file.lastModified}`))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return `ui-${hash.toString(16).padStart(16, '0')}`
}

export function importReadings(file: File, device: string | undefined) {
  const query = { import: importId(file), ...(device ? { device } : {}) }
  return take(
    api.POST('/api/v1/readings/import', {
      params: { query },
      headers: { 'content-type': typeOf(file) },
      body: file as unknown as string,
      bodySerializer: body => body as unknown as BodyInit,
    }),
  )
}
