import { Button } from '@mantine/core'
import { useState } from 'react'
import { isSame } from '../../../flow/diagram'
import { editor, useEditor } from '../../../flow/store'
import { baseOf, forget, recall } from '../../../flow/stored'
import { Age } from '../../../parts/Age'

/** Offers what was drawn in this browser earlier and not saved. */
export function Recovered() {
  const saved = useEditor(state => state.saved)
  const mayEdit = useEditor(state => state.mayEdit)
  const [stored, setStored] = useState(() => saved && recall(saved.flow.id))
  if (!saved || !mayEdit || !stored || isSame(stored.draft, saved.diagram)) return null
  const isOlder = stored.base.etag !== saved.etag
  const take = () => {
    // As it was drawn: on top of what was saved then. If others saved since, saving it says so.
    editor.getState().adopt(baseOf(stored, saved.flow))
    editor.getState().edit('take up what was not saved', () => stored.draft)
    setStored(undefined)
  }
  const drop = () => {
    forget(saved.flow.id)
    setStored(undefined)
  }
  return (
    <div className="row spread" role="status">
      <span>
        This browser keeps changes to this flow from <Age of={stored.at} /> that were not saved.
        {isOlder && ' The flow was saved since: saving them will ask which to go on with.'}
      </span>
      <span className="row">
        <Button size="xs" variant="default" onClick={drop}>
          Throw them away
        </Button>
        <Button size="xs" onClick={take}>
          Take them up
        </Button>
      </span>
    </div>
  )
}
