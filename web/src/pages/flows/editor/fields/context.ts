/** What all fields of a form share. */
import { createContext, useContext } from 'react'
import type { FlowNode, FlowProblem } from '../../../../flow/diagram'

interface Form {
  node: FlowNode
  isReadOnly: boolean
}

const FormContext = createContext<Form | undefined>(undefined)
export const Context = FormContext.Provider

export function useForm(): Form {
  const form = useContext(FormContext)
  if (!form) throw new Error('a field stands outside of a form')
  return form
}

/** Whether a problem is about a place of the configuration or something within it: `cases[0].expression` is of `cases`. */
export function isOf({ field }: FlowProblem, path: string): boolean {
  if (!field?.startsWith(path)) return false
  const next = field.charAt(path.length)
  return next === '' || next === '[' || next === '.'
}
