import { Handle, type NodeProps, Position } from '@xyflow/react'
import { memo, useEffect, useRef } from 'react'
import { nameOf } from '../../../flow/diagram'
import { ROW_HEIGHT, type Shape } from '../../../flow/geometry'
import { useEditor } from '../../../flow/store'
import { summaryOf } from '../../../flow/summary'
import { placeText } from '../../../flow/texts'
import { type Card, inHandle, outHandle } from './cards'
import classes from './NodeCard.module.css'
import { troubleOf, wordOf } from './problems'

/** A node: what it does by the colour of its bar, its name, its configuration in a line, how it is. */
export const NodeCard = memo(function NodeCard({ id, data, selected }: NodeProps<Card>) {
  const { node, shape, type } = data
  const types = useEditor(state => state.types)
  const trouble = useEditor(state => troubleOf(state.problems, id))
  const card = useRef<HTMLDivElement>(null)
  const live = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    if (!card.current || !live.current) return
    return placeText({ kind: 'node', id, element: live.current, card: card.current })
  }, [id])
  return (
    <div
      ref={card}
      className={classes['card']}
      style={{ height: shape.height, borderTopColor: `var(--kind-${type?.category ?? 'structure'})` }}
      data-selected={selected}
      data-trouble={trouble.kind}
    >
      <div className={classes['name']}>{nameOf(node, types)}</div>
      <div className={classes['summary']}>{type ? summaryOf(node, type) : `unknown type “${node.type}”`}</div>
      <div className={classes['state']}>
        <span className={classes['dot']} />
        {trouble.count > 0 && <span className={classes['trouble']}>{wordOf(trouble)}</span>}
        <span ref={live} className={classes['live']} />
      </div>
      <Ports shape={shape} />
    </div>
  )
})

/** The places where edges arrive and leave; rows with names where there are several. */
export function Ports({ shape }: { shape: Shape }) {
  return (
    <>
      {shape.inputs.map(({ name, y, isLost }) => (
        <Handle
          key={`in ${name}`}
          id={inHandle(name)}
          type="target"
          position={Position.Left}
          className={classes['port'] ?? ''}
          style={{ top: y }}
          data-lost={isLost}
          title={isLost ? `there is no input “${name}” any more` : `input ${name}`}
        />
      ))}
      {shape.outs.map(({ name, y, isLost }) => (
        <Handle
          key={`out ${name}`}
          id={outHandle(name)}
          type="source"
          position={Position.Right}
          className={classes['port'] ?? ''}
          style={{ top: y }}
          data-lost={isLost}
          title={isLost ? `there is no output “${name}” any more` : `output ${name}`}
        />
      ))}
      {[...shape.inputs, ...shape.outs].map(
        (port, n) =>
          port.isNamed && (
            <span
              key={`${n < shape.inputs.length ? 'in' : 'out'} ${port.name}`}
              className={classes['row']}
              data-side={n < shape.inputs.length ? 'in' : 'out'}
              data-lost={port.isLost}
              style={{ top: port.y - ROW_HEIGHT / 2 }}
            >
              {port.name}
            </span>
          ),
      )}
    </>
  )
}
