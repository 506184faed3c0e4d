import { type NodeProps, NodeResizer } from '@xyflow/react'
import { memo } from 'react'
import { GRID, isGroup } from '../../../flow/geometry'
import { useEditor } from '../../../flow/store'
import type { Card } from './cards'
import { Ports } from './NodeCard'
import classes from './NodeCard.module.css'

/** A note for people, or the frame of a group. */
export const NoteCard = memo(function NoteCard({ data, selected }: NodeProps<Card>) {
  const { node, shape } = data
  const mayEdit = useEditor(state => state.mayEdit)
  const { label, text } = node.data
  const isEmpty = !label && !text
  return (
    <>
      <NodeResizer
        isVisible={selected && mayEdit}
        minWidth={10 * GRID}
        minHeight={5 * GRID}
        lineClassName={classes['resizer'] ?? ''}
      />
      <div className={classes['note']} data-group={isGroup(node)} data-selected={selected}>
        {typeof label === 'string' && label !== '' && <strong>{label}</strong>}
        {typeof text === 'string' && text}
        {isEmpty && <span className="dim">An empty note: write into it at the right.</span>}
      </div>
      <Ports shape={shape} />
    </>
  )
})
