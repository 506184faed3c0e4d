/** An answer that says no (RFC 9457), or that none came; `advice` is what the user can do about it. */
import type { components } from './schema'

type Body = components['schemas']['Problem']

export class Problem extends Error {
  /** The HTTP status; 0 where no answer came. */
  readonly status: number
  readonly code: string
  /** What is wrong with which field, by the field's name. */
  readonly fields: ReadonlyMap<string, string>
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfter: number | undefined

  constructor(
    status: number,
    code: string,
    detail: string,
    errors: Body['errors'] = [],
    retryAfter?: number,
  ) {
    super(detail)
    this.name = 'Problem'
    this.status = status
    this.code = code
    this.fields = new Map(errors.map(error => [error.pointer.replace(/^\//, ''), error.message]))
    this.retryAfter = retryAfter
  }

  static from(response: Response, body: unknown): Problem {
    const told = (typeof body === 'object' && body !== null ? body : {}) as Partial<Body>
    const retry = Number(response.headers.get('retry-after'))
    const detail = told.detail ?? `the server answered ${response.status}`
    const code = told.code ?? 'unexpected'
    return new Problem(response.status, code, detail, told.errors, retry > 0 ? retry : undefined)
  }

  static unreachable(): Problem {
    return new Problem(0, 'unreachable', 'the server does not answer')
  }

  /** Whether asking again may help without anybody doing anything. */
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }
}

const byCode: Record<string, string> = {
  unreachable: 'Check that EdgeSync runs and that this device reaches it. It is tried again by itself.',
  wrong_login: 'Check both. Capitals matter in the password, not in the address.',
  setup_token_required:
    'Enter the token from the line "edgesync setup token: …" that the server printed when it started.',
  setup_token_wrong: 'Copy the token from the output of the running server: each start prints a new one.',
  already_set_up: 'Somebody made the first account already. Log in, or ask them to add you.',
  signup_closed: 'Ask the operator of this server for an account.',
  already_exists: 'Choose another one.',
  device_limit_reached:
    'Delete a device that is not needed, or ask the operator for a larger plan (edgesync admin plan).',
  forbidden: 'Ask an admin of the organization to do it, or to make you one.',
  not_found: 'It was removed, or you are not a member of its organization any more. Go back to the list.',
  validation_failed: 'Correct the fields that are marked and send it again.',
  version_conflict: 'Somebody saved it in between. Look at what they did, then do it again.',
  flow_invalid: 'Correct what is marked in the diagram, then try again.',
  deployment_cancelled: 'Somebody stopped the flow meanwhile. Deploy it again if it is to run.',
  not_deployed: 'Deploy it first, or run it without comparing.',
  run_ended: 'Choose a shorter range of readings, and run it again.',
  warm_up_failed:
    'What ran before runs on. Try again when there is less to do, or look at the log of the server.',
  busy: 'Try again in a moment: others are at it.',
  foreign_origin:
    'Open EdgeSync by the address that the server is reached at, without another name in between.',
  idempotency_answer_lost: 'It was done before. Reload the page to see it.',
  outcome_unknown: 'It was done or it was not: reload the page to see which.',
}

/** What the user can do. */
export function advice(problem: Problem): string {
  const known = byCode[problem.code]
  if (known) return known
  if (problem.retryAfter) return `Try again in ${problem.retryAfter} s.`
  if (problem.status === 401) return 'Log in again.'
  if (problem.status >= 500) return 'Try again. If it stays, the log of the server says why.'
  return 'Go back and try it another way; the API description at /api/docs/ says what is allowed.'
}

/** Whatever was thrown, as a problem. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  return new Problem(
    0,
    'page_failed',
    `this page failed: ${error instanceof Error ? error.message : String(error)}`,
  )
}
