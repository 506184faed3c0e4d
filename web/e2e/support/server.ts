/** The server as its users start it: the built program in a directory of its own, on a port that is free. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program =
  process.env['EDGESYNC_TEST_BINARY'] ??
  fileURLToPath(new URL('../../../target/debug/edgesync', import.meta.url))

// What is set for somebody's own server is not for this one.
const plain = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('EDGESYNC_')),
)

/** Longest that it may take to be ready. */
const READY_MS = 30_000

export class Server {
  readonly directory = mkdtempSync(join(tmpdir(), 'edgesync-e2e-'))
  readonly #said: string[] = []
  #child: ChildProcess | undefined
  #more: string[] = []
  port = 0

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** What it printed when it started, for the first user. */
  get setupToken(): string {
    const line = this.#said.find(line => line.startsWith('edgesync setup token: '))
    if (!line) throw new Error(`no setup token was printed: ${this.#said.join('\n')}`)
    return line.slice(line.indexOf(': ') + 2)
  }

  /** What it prints behind such a beginning, once it does. */
  async says(beginning: string): Promise<string> {
    await this.#heard(beginning)
    const line = this.#said.find(line => line.startsWith(beginning))
    if (!line) throw new Error(`it does not say ${beginning}: ${this.#said.join('\n')}`)
    return line.slice(beginning.length)
  }

  /** Starts it, with more arguments if there are. Where it is started again it has the address that it had: pages that are open come back to it. */
  static async start(address = '127.0.0.1', ...more: string[]): Promise<Server> {
    const server = new Server()
    server.#more = more
    await server.again(address)
    return server
  }

  async again(address = '127.0.0.1'): Promise<void> {
    const log = await open(join(this.directory, 'log'), 'a')
    const child = spawn(program, ['serve', '--listen', `${address}:${this.port}`, ...this.#more], {
      cwd: this.directory,
      env: plain,
      stdio: ['ignore', 'pipe', log.fd],
    })
    this.#child = child
    this.#said.length = 0
    const ready = new Promise<void>((resolve, reject) => {
      const fail = (why: string) =>
        reject(new Error(`${program}: ${why}\n${readFileSync(join(this.directory, 'log'), 'utf8')}`))
      const late = setTimeout(() => fail('was not ready in time'), READY_MS)
      child.once('error', error => fail(error.message))
      child.once('exit', code => fail(`ended with ${code} before it was ready`))
      const { stdout } = child
      if (!stdout) return fail('has no output')
      createInterface({ input: stdout }).on('line', line => {
        this.#said.push(line)
        const port = /http:\/\/[^ ]*:(\d+)/.exec(line)?.[1]
        if (!port) return
        this.port = Number(port)
        clearTimeout(late)
        resolve()
      })
    })
    await ready.finally(() => log.close())
    // The token may stand behind the line with the address.
    if (address !== '127.0.0.1') await this.#heard('edgesync setup token')
  }

  async #heard(beginning: string): Promise<void> {
    for (let n = 0; n < 500 && !this.#said.some(line => line.startsWith(beginning)); n++) {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  /** Runs `edgesync admin …` on its data. */
  admin(...args: string[]): void {
    execFileSync(program, ['admin', ...args, '--data', join(this.directory, 'data')], { env: plain })
  }

  /** Ends it at once, as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  /** Ends it and removes what it stored. */
  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
