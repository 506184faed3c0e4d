import { Button } from '@mantine/core'
import { advice, problemOf } from '../api/problem'
import { WarnIcon } from './icons'
import classes from './Trouble.module.css'

/** What went wrong, and what to do about it. */
export function Trouble({ error, again }: { error: unknown; again?: () => void }) {
  const problem = problemOf(error)
  const detail = problem.message.charAt(0).toUpperCase() + problem.message.slice(1)
  return (
    <div className={classes['trouble']} role="alert">
      <span className={classes['icon']}>
        <WarnIcon />
      </span>
      <div>
        <strong>{detail.replace(/\.?$/, '.')}</strong>
        <div>{advice(problem)}</div>
      </div>
      {again && (
        <Button variant="default" size="xs" onClick={again}>
          Try again
        </Button>
      )}
    </div>
  )
}
