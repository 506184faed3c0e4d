import { Problem } from '../api/problem'

/** What is wrong with which field of a form, as a sentence beneath it. */
export function wrongFields(error: unknown): (field: string) => string | undefined {
  return field => {
    const message = error instanceof Problem ? error.fields.get(field) : undefined
    return message === undefined ? undefined : `It ${message}.`
  }
}
