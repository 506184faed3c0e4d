import { UnstyledButton } from '@mantine/core'
import { type FlowProblem, nameOf, nodeOf } from '../../../flow/diagram'
import { useEditor } from '../../../flow/store'
import { CrossIcon } from '../../../parts/icons'
import classes from './Drawer.module.css'
import { showProblem } from './show'

/** Everything that keeps the flow from running, each leading to its place. */
export function Problems() {
  const problems = useEditor(state => state.problems)
  const isUnchecked = useEditor(state => state.isUnchecked)
  if (isUnchecked) {
    return <p>The server did not answer the last check. It is asked again after the next change.</p>
  }
  if (problems.length === 0) return <p>Nothing is wrong: the flow could run as it is drawn.</p>
  return (
    <ul className={classes['problems']} aria-label="Problems">
      {problems.map((problem, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two problems may read the same
        <li key={n}>
          <Problem problem={problem} />
        </li>
      ))}
    </ul>
  )
}

function Problem({ problem }: { problem: FlowProblem }) {
  const draft = useEditor(state => state.draft)
  const types = useEditor(state => state.types)
  const { node, edge, field, message, position } = problem
  const about = node ? nodeOf(draft, node) : undefined
  const end = edge ? draft.edges.find(({ id }) => id === edge) : undefined
  const place = [
    about && nameOf(about, types),
    end && 'Edge',
    field,
    position && `line ${position.line}, column ${position.column}`,
  ].filter(Boolean)
  return (
    <UnstyledButton
      className={classes['problem'] ?? ''}
      onClick={() => showProblem(problem)}
      disabled={!about && !end}
    >
      <CrossIcon />
      <span>
        {place.length > 0 && <strong>{place.join(', ')}: </strong>}
        {message}
      </span>
    </UnstyledButton>
  )
}
