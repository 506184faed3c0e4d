/** Draws an edge, if it may be. */
import { validate } from '../../../api/editor'
import { connected, type FlowProblem, type NewEdge, nameOf, nodeOf } from '../../../flow/diagram'
import { refusal } from '../../../flow/ports'
import { editor } from '../../../flow/store'

/** What the server's check says about values that can never fit. What is only not configured yet is no reason against an edge. */
const MISFITS: readonly FlowProblem['code'][] = ['type_mismatch', 'unit_mismatch', 'cycle', 'unknown_port']
/** An answer that takes longer is not waited for: the check of the whole diagram says it later. */
const ANSWER_MS = 2_000

/** Whether the edge is there now; if not, it was said why. */
export async function connect(edge: NewEdge): Promise<boolean> {
  const { draft, types, say, edit } = editor.getState()
  const reason = refusal(draft, types, edge) ?? (await misfit(edge))
  if (reason) {
    say(`Not connected. ${reason}`, true)
    return false
  }
  const names = [edge.source, edge.target].map(id => {
    const node = nodeOf(editor.getState().draft, id)
    return node ? nameOf(node, types) : id
  })
  edit(`connect ${names.join(' to ')}`, now => (refusal(now, types, edge) ? now : connected(now, edge)))
  say(`Connected ${names.join(' to ')}`)
  return true
}

/** Why the values that would come in can never be used. */
async function misfit(edge: NewEdge): Promise<string | undefined> {
  const { saved, draft, types, problems } = editor.getState()
  if (!saved) return undefined
  const told = await validate(saved.flow.id, connected(draft, edge), AbortSignal.timeout(ANSWER_MS)).catch(
    () => [],
  )
  const isKnown = (found: FlowProblem) =>
    problems.some(({ code, node, edge }) => code === found.code && node === found.node && edge === found.edge)
  const found = told.find(problem => MISFITS.includes(problem.code) && !isKnown(problem))
  if (!found) return undefined
  const node = nodeOf(draft, found.node ?? '')
  return node ? `“${nameOf(node, types)}”: ${found.message}.` : `${found.message}.`
}
