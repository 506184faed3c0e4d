import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { drawingOf, type FlowDiagram, versionQuery } from '../../../api/flows'
import { Trouble } from '../../../parts/Trouble'
import { DiffPicture } from '../diff/DiffPicture'
import { DiffView } from '../diff/DiffView'
import { byId, type Drawing, nameOf } from '../diff/drawing'
import { isFields, own } from '../diff/json'
import { text } from '../diff/words'
import type { Pick } from './VersionRow'
import classes from './Versions.module.css'

/** What differs between two versions, or one of them as it is. */
export function Compare({ flow, from, to }: { flow: FlowDiagram; from: Pick; to: Pick }) {
  const [base, baseError] = useDrawing(flow, from)
  const [other, otherError] = useDrawing(flow, to)
  const called = (pick: Pick) => (pick === 'draft' ? 'the draft' : `version ${pick}`)
  const error = baseError ?? otherError
  if (error) return <Trouble error={error} />
  if (!base || !other) return <Skeleton height={320} />
  if (from === to) {
    return (
      <>
        <h2>{from === 'draft' ? 'The draft' : `Version ${from}`}</h2>
        <Plain drawing={base} label={called(from)} />
      </>
    )
  }
  const title = `From ${called(from)} to ${called(to)}`
  return (
    <>
      <h2>{title}</h2>
      <DiffView base={base} other={other} of={title} />
    </>
  )
}

/** A version or the draft as a drawing. */
export function useDrawing(flow: FlowDiagram, pick: Pick): [Drawing | undefined, unknown] {
  const version = useQuery({
    ...versionQuery(flow.id, pick === 'draft' ? 0 : pick),
    enabled: pick !== 'draft',
  })
  const of = pick === 'draft' ? flow : version.data
  const drawing = useMemo(() => (of ? drawingOf(of) : undefined), [of])
  return [drawing, version.error ?? undefined]
}

/** A drawing as it is, node by node with what it is set to. */
function Plain({ drawing, label }: { drawing: Drawing; label: string }) {
  return (
    <>
      <DiffPicture base={drawing} other={drawing} changes={[]} label={`Picture of ${label}`} />
      <ul className={classes['nodes']}>
        {[...byId(drawing.nodes)].map(([id, node]) => {
          const data = own(node, 'data')
          const fields = isFields(data) ? Object.entries(data).filter(([key]) => key !== 'label') : []
          return (
            <li key={id}>
              <strong>{nameOf(node, id)}</strong>{' '}
              <span className="dim">{String(own(node, 'type') ?? '')}</span>
              <div className={classes['settings']}>
                {fields.map(([key, value]) => (
                  <span key={key}>
                    <span className="dim">{key}</span> <span className="mono">{text(value)}</span>
                  </span>
                ))}
              </div>
            </li>
          )
        })}
      </ul>
    </>
  )
}
