import { UnstyledButton } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { FlowProblem, FlowSummary } from '../../../api/flows'
import { CrossIcon } from '../../../parts/icons'
import { byId, type Drawing, nameOf } from '../diff/drawing'
import classes from './ProblemList.module.css'

/** Everything that keeps a drawing from running, each with its place. */
export function ProblemList({
  problems,
  flow,
  drawing,
  pick,
}: {
  problems: readonly FlowProblem[]
  flow: Pick<FlowSummary, 'id'>
  drawing: Drawing
  /** Shows the place in the editor that is open; without it the editor is opened. */
  pick: ((problem: FlowProblem) => void) | undefined
}) {
  const nodes = byId(drawing.nodes)
  const count = problems.length === 1 ? '1 thing has' : `${problems.length} things have`
  return (
    <section aria-label="Problems" className={classes['problems']}>
      <div className={classes['head']}>
        <CrossIcon />
        <strong>It cannot run: {count} to be corrected.</strong>
      </div>
      <ul>
        {problems.map((problem, index) => {
          const where = placeOf(problem, nodes)
          const text = (
            <>
              {where && <span className={classes['where']}>{where}</span>}
              <span>{problem.message}</span>
            </>
          )
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: two may be alike, and none moves
            <li key={index}>
              {pick ? (
                <UnstyledButton className={classes['problem']} onClick={() => pick(problem)}>
                  {text}
                </UnstyledButton>
              ) : (
                <Link className={classes['problem']} to="/flows/$id" params={{ id: flow.id }}>
                  {text}
                </Link>
              )}
            </li>
          )
        })}
      </ul>
    </section>
  )
}

/** Which node or edge, and which of its fields. */
function placeOf({ node, edge, field }: FlowProblem, nodes: ReturnType<typeof byId>): string {
  const name = node ? nameOf(nodes.get(node), node) : edge ? `edge ${edge}` : ''
  return [name, field].filter(Boolean).join(': ')
}
