import { useMemo } from 'react'
import classes from './DiffView.module.css'
import type { Change } from './diff'
import type { Drawing } from './drawing'
import { picture } from './picture'
import { marks } from './words'

/** Names of nodes are cut where the card ends. */
const LETTERS = 20

/** A drawing with what was done to it. The list beside it says the same in words. */
export function DiffPicture({
  base,
  other,
  changes,
  label,
}: {
  base: Drawing
  other: Drawing
  changes: readonly Change[]
  label: string
}) {
  const { boxes, lines, frame } = useMemo(() => picture(base, other, changes), [base, other, changes])
  return (
    <svg
      className={classes['picture']}
      viewBox={frame.join(' ')}
      role="img"
      aria-label={label}
      data-differs={changes.length > 0}
    >
      {lines.map(({ id, path, mark }) => (
        <path key={id} d={path} className={classes['line']} data-mark={mark} />
      ))}
      {boxes.map(({ id, name, x, y, width, height, mark }) => (
        <g key={id} className={classes['box']} data-mark={mark} transform={`translate(${x} ${y})`}>
          <rect width={width} height={height} rx="6" />
          <text x="12" y={Math.min(height / 2, 40) + 6}>
            {name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name}
          </text>
          {marks[mark].sign && (
            <text className={classes['sign']} x={width - 26} y="24">
              {marks[mark].sign}
            </text>
          )}
        </g>
      ))}
    </svg>
  )
}
