/** A network between the browser and the server: it may be slow, and it may let no WebSocket through. */
import { connect, createServer, type Server as Listener, type Socket } from 'node:net'

const TICK_MS = 20
/** Bytes that it takes before it lets the server wait, as a router would. */
const HOLDS = 16_384

export class Network {
  readonly #listener: Listener
  readonly #sockets = new Set<Socket>()
  readonly #webSockets = new Set<Socket>()
  readonly #target: () => number
  port = 0
  /** Bytes a second towards the browser, of each connection. */
  rate = Number.POSITIVE_INFINITY
  #isBlocking = false
  /** Handshakes of WebSockets that were refused. */
  refused = 0

  private constructor(target: () => number) {
    this.#target = target
    this.#listener = createServer(client => this.#serve(client))
  }

  static async to(target: () => number): Promise<Network> {
    const network = new Network(target)
    await new Promise<void>(resolve => network.#listener.listen(0, '127.0.0.1', resolve))
    const address = network.#listener.address()
    if (typeof address === 'object' && address) network.port = address.port
    return network
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Lets no WebSocket through from now on, and ends those that there are. */
  block(): void {
    this.#isBlocking = true
    for (const socket of this.#webSockets) socket.destroy()
  }

  unblock(): void {
    this.#isBlocking = false
  }

  #serve(client: Socket): void {
    const server = connect(this.#target(), '127.0.0.1')
    this.#sockets.add(client).add(server)
    const end = () => {
      client.destroy()
      server.destroy()
      for (const set of [this.#sockets, this.#webSockets]) {
        set.delete(client)
        set.delete(server)
      }
    }
    for (const socket of [client, server]) socket.on('error', end).on('close', end)
    client.on('data', data => {
      if (data.includes('Upgrade: websocket')) {
        if (this.#isBlocking) {
          this.refused += 1
          client.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
          server.destroy()
          return
        }
        this.#webSockets.add(client)
      }
      server.write(data)
    })
    this.#slowly(server, client, end)
  }

  /** Passes on what comes from the server, as fast as it may. */
  #slowly(server: Socket, client: Socket, end: () => void): void {
    let held = Buffer.alloc(0)
    let isOver = false
    server.on('data', data => {
      if (this.rate === Number.POSITIVE_INFINITY && held.length === 0) {
        client.write(data)
        return
      }
      held = Buffer.concat([held, data])
      if (held.length > HOLDS) server.pause()
    })
    server.on('end', () => {
      isOver = true
    })
    const timer = setInterval(() => {
      const now = held.subarray(0, Math.min(held.length, Math.ceil((this.rate * TICK_MS) / 1_000)))
      if (now.length > 0) client.write(now)
      held = held.subarray(now.length)
      if (held.length <= HOLDS) server.resume()
      if (isOver && held.length === 0) end()
    }, TICK_MS)
    client.on('close', () => clearInterval(timer))
  }

  async remove(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#listener.close(resolve))
  }
}
