/** Many charts of several series, and who sends values for all of them many times a second. */
import { type Account, shows } from './account'
import { Device } from './device'

export interface Load {
  dashboard: string
  devices: Device[]
  charts: number
}

/** A dashboard of charts, four in a row; series `n` of each comes from device `n`. */
export async function load(account: Account, server: string, charts: number, series: number): Promise<Load> {
  const made: { id: string; token: string }[] = []
  for (let n = 0; n < series; n++) made.push(await account.device(`press ${n}`))
  const widgets = Array.from({ length: charts }, (_, chart) =>
    made.map(({ id }, n) =>
      shows(id, `s${chart}`, 'time_series', {
        widget_id: n === 0 ? `chart${chart}` : `chart${chart}-${n}`,
        title: n === 0 ? `Chart ${chart}` : `series ${n}`,
        grid_position: { x: 3 * (chart % 4), y: 3 * Math.floor(chart / 4), w: 3, h: 3 },
        widget_config: { hz: 20, ...(n === 0 ? {} : { part_of: `chart${chart}` }) },
      }),
    ),
  ).flat()
  const dashboard = await account.dashboard('Presses', widgets)
  const devices: Device[] = []
  for (const { token } of made) devices.push(await Device.connect(server, token))
  return { dashboard, devices, charts }
}

/** Sends a value of every series each so many ms. */
export class Sending {
  /** Event times of what was sent. */
  readonly sent: number[] = []
  readonly #timer: ReturnType<typeof setInterval>

  constructor({ devices, charts }: Load, everyMs: number) {
    const begun = performance.now()
    const send = () => {
      // as many as are due: a timer that is late is made up for
      while (begun + this.sent.length * everyMs <= performance.now()) {
        const at = Date.now()
        // two of the same millisecond could not be told apart
        if (this.sent.at(-1) === at) break
        this.sent.push(at)
        for (const [n, device] of devices.entries()) {
          const readings = Array.from({ length: charts }, (_, chart) => {
            const phase = this.sent.length / 40 + n + chart
            return [
              `s${chart}`,
              Math.round(1_000 * Math.sin(phase) + 100 * Math.sin(phase * 9)) / 10,
            ] as const
          })
          device.fire(readings, at)
        }
      }
    }
    this.#timer = setInterval(send, everyMs / 5)
  }

  get last(): number {
    return this.sent.at(-1) ?? Number.NaN
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
