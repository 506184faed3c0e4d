/** A device of the EdgeSync form: numbered frames, each answered once it is durable. */
import { WebSocket } from 'ws'

export class Device {
  readonly #socket: WebSocket
  readonly #waiting: ((frame: { t: string }) => void)[] = []
  #next: number

  private constructor(socket: WebSocket, next: number) {
    this.#socket = socket
    this.#next = next
    socket.on('message', data => this.#waiting.shift()?.(JSON.parse(String(data))))
  }

  static async connect(server: string, token: string, boot = 1, next = 1): Promise<Device> {
    const socket = new WebSocket(`${server.replace('http', 'ws')}/ws/v1/device`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const device = new Device(socket, next)
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    await device.#ask({ t: 'hello', boot, next }, 'welcome')
    return device
  }

  /** Sends a reading of each sensor, and waits until they are durable. */
  async send(readings: Record<string, [value: unknown, unit?: string]>, at = Date.now()): Promise<void> {
    const r = Object.entries(readings).map(([sensor, [value, unit]]) =>
      unit ? [sensor, value, 0, unit] : [sensor, value],
    )
    await this.#ask({ t: 'data', q: this.#next++, r, bt: at }, 'ack')
  }

  /** Sends readings of one moment, and does not wait: for more than a few a second. */
  fire(readings: readonly (readonly [sensor: string, value: unknown])[], at: number): void {
    this.#socket.send(JSON.stringify({ t: 'data', q: this.#next++, r: readings, bt: at }))
  }

  async #ask(frame: object, expected: string): Promise<void> {
    const answer = new Promise<{ t: string }>(resolve => this.#waiting.push(resolve))
    this.#socket.send(JSON.stringify(frame))
    const told = await answer
    if (told.t !== expected) throw new Error(`the server answered ${JSON.stringify(told)}`)
  }

  close(): void {
    this.#socket.close()
  }
}
