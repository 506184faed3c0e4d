import type { CSSProperties, ReactNode } from 'react'
import classes from './Grid.module.css'
import { type Board, layoutOf } from './model/board'
import { SIZES } from './model/place'

interface Props {
  board: Board
  children: (id: string) => ReactNode
}

/**
 * A dashboard to look at. Nothing here can be moved: it is a plain grid, in which each box knows its cells for each width, and the
 * style sheet says which of them hold.
 */
export function Grid({ board, children }: Props) {
  const layouts = SIZES.map(size => {
    const places = new Map(layoutOf(board, size).map(place => [place.i, place]))
    return [size, places] as const
  })
  const cells = (id: string) =>
    Object.fromEntries(
      layouts.flatMap(([size, places]) => {
        const place = places.get(id)
        if (!place) return []
        const { x, y, w, h } = place
        return [
          [`--${size}-column`, `${x + 1} / span ${w}`],
          [`--${size}-row`, `${y + 1} / span ${h}`],
        ]
      }),
    ) as CSSProperties
  // In the order in which they are read, for those who go through them by keyboard.
  const order = [...board.layouts.lg].sort((a, b) => a.y - b.y || a.x - b.x)
  return (
    <div className={classes['frame']}>
      <div className={classes['grid']}>
        {order.map(({ i }) => (
          <div key={i} className={classes['cell']} style={cells(i)}>
            {children(i)}
          </div>
        ))}
      </div>
    </div>
  )
}
