import { isDirty, useEditor } from '../../../flow/store'
import { CheckIcon, WarnIcon } from '../../../parts/icons'
import classes from './Toolbar.module.css'

/** Whether what is drawn is saved. */
export function Saving() {
  const isChanged = useEditor(isDirty)
  const version = useEditor(state => state.saved?.flow.version)
  return (
    <span className={classes['saving']} data-changed={isChanged}>
      {isChanged ? <WarnIcon /> : <CheckIcon />}
      {isChanged ? 'Not saved' : `Saved, version ${version}`}
    </span>
  )
}
