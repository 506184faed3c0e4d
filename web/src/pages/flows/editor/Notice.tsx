import { useEditor } from '../../../flow/store'
import { CrossIcon } from '../../../parts/icons'
import classes from './Canvas.module.css'

/** What was just done or refused. */
export function Notice() {
  const notice = useEditor(state => state.notice)
  return (
    <div className={classes['notice']} role="status" data-refusal={notice?.isRefusal ?? false}>
      {notice?.isRefusal && <CrossIcon />}
      {notice?.text}
    </div>
  )
}
