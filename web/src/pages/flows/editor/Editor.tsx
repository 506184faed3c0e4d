import { ReactFlowProvider } from '@xyflow/react'
import { lazy, Suspense } from 'react'
import { useEditor } from '../../../flow/store'
import { slots } from '../slots'
import { Canvas } from './Canvas'
import { Drawer } from './Drawer'
import { useDialog } from './dialog'
import classes from './Editor.module.css'
import { Inspector } from './Inspector'
import { Leaving } from './Leaving'
import { Palette } from './Palette'
import { Recovered } from './Recovered'
import { Toolbar } from './Toolbar'
import { useCheck } from './useCheck'
import { useKeys } from './useKeys'
import { useStoredDraft } from './useStoredDraft'

const Dialogs = lazy(() => import('./Dialogs'))

/** Palette, canvas and inspector of the open flow. */
export function Editor({ whyNot }: { whyNot: 'narrow' | 'foreign' | undefined }) {
  const name = useEditor(state => state.saved?.flow.name ?? '')
  const mayEdit = useEditor(state => state.mayEdit)
  const isAsked = useDialog(state => state.open !== undefined)
  useCheck()
  useStoredDraft()
  useKeys()
  return (
    <ReactFlowProvider>
      <div className={classes['editor']} data-full data-edit={mayEdit}>
        <title>{`${name} · EdgeSync`}</title>
        <Toolbar />
        <div className={classes['notes']}>
          {whyNot === 'narrow' && (
            <p>To look at only: there is no room to draw here. Tap a node to see what it does.</p>
          )}
          {whyNot === 'foreign' && (
            <p>To look at only: this flow belongs to somebody else. Make a flow of your own to change it.</p>
          )}
          <Recovered />
        </div>
        {mayEdit && <Palette />}
        <Canvas />
        <Inspector />
        <Drawer />
        <slots.Conflict />
        {isAsked && (
          <Suspense>
            <Dialogs />
          </Suspense>
        )}
        <Leaving />
        {slots.watchers.map((Watcher, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they never change
          <Watcher key={n} />
        ))}
      </div>
    </ReactFlowProvider>
  )
}
