import { ReactFlowProvider } from '@xyflow/react'
import { lazy, Suspense, useEffect } from 'react'
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

const later: (act: () => void) => void = globalThis.requestIdleCallback ?? (act => setTimeout(act, 500))

const Dialogs = lazy(() => import('./Dialogs'))

/** Palette, canvas and inspector of the open flow. */
export function Editor({ whyNot }: { whyNot: 'narrow' | 'foreign' | undefined }) {
  const name = useEditor(state => state.saved?.flow.name ?? '')
  const mayEdit = useEditor(state => state.mayEdit)
  const isAsked = useDialog(state => state.open !== undefined)
  useCheck()
  useStoredDraft()
  useKeys()
  useEffect(() => {
    // The fields would come while somebody begins to write into those that stand in for them.
    later(() => void Promise.all([import('./ConfigForm'), import('./fields/Expression')]).catch(() => {}))
  }, [])
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
            <p>
              To look at only: this flow belongs to somebody else. Ask them or an admin to change it, or make
              a flow of your own.
            </p>
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
