import { type ConnectionLineComponentProps, type EdgeProps, getBezierPath, useStore } from '@xyflow/react'
import { memo, useEffect, useRef } from 'react'
import { editor, useEditor } from '../../../flow/store'
import { placeText } from '../../../flow/texts'
import type { Card, Line } from './cards'
import { whyNot } from './drawn'
import classes from './FlowLine.module.css'
import { useOver } from './over'
import { troubleOf } from './problems'

/** An edge, with a place for what comes over it. */
export const FlowLine = memo(function FlowLine(props: EdgeProps<Line>) {
  const { id, data, selected } = props
  const [path, x, y] = getBezierPath(props)
  const isOver = useOver(state => state.edge === id)
  const isBad = useEditor(state => troubleOf(state.problems, id).count > 0)
  const text = useRef<SVGTextElement>(null)
  const { source, port } = data ?? { source: props.source, port: 'out' }
  useEffect(() => {
    if (text.current) return placeText({ kind: 'edge', id, source, port, element: text.current })
  }, [id, source, port])
  return (
    <g
      data-bad={isBad}
      data-selected={(selected ?? false) || isOver}
      data-port={port}
      className={classes['line']}
    >
      <path d={path} className="react-flow__edge-path" fill="none" />
      <path
        d={path}
        className="react-flow__edge-interaction"
        fill="none"
        strokeOpacity={0}
        strokeWidth={20}
      />
      <text ref={text} x={x} y={y - 4} textAnchor="middle" className={classes['text']} />
    </g>
  )
})

/** The edge that is being drawn, and why it would be refused where the pointer is. */
export function DrawnLine(props: ConnectionLineComponentProps<Card>) {
  const { fromX, fromY, toX, toY, fromPosition, toPosition, connectionStatus } = props
  const { fromHandle, toHandle } = props
  const zoom = useStore(state => state.transform[2])
  const [path] = getBezierPath({
    sourceX: fromX,
    sourceY: fromY,
    sourcePosition: fromPosition,
    targetX: toX,
    targetY: toY,
    targetPosition: toPosition,
  })
  const { draft, types } = editor.getState()
  const reason =
    connectionStatus === 'invalid' && toHandle ? whyNot(draft, types, fromHandle, toHandle) : undefined
  return (
    <g data-status={connectionStatus ?? ''} className={classes['drawn']}>
      <path d={path} className="react-flow__connection-path" fill="none" />
      {reason && (
        <text x={toX} y={toY + 24 / zoom} fontSize={12 / zoom} textAnchor="middle">
          {reason}
        </text>
      )}
    </g>
  )
}
