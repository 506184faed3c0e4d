/** Which time a dashboard shows: in the address, so that a link leads to the same, with the way back out of a zoom. */
import { useCallback, useState } from 'react'
import {
  DEFAULT_RANGE,
  fromSearch,
  type Range,
  toSearch,
  type Zoomed,
  zoom,
  zoomOut,
} from '../../widgets/range'

export interface Time {
  range: Range
  set: (range: Range) => void
  zoomIn: (from: number, to: number) => void
  /** Back to before all zooming. */
  zoomBack: () => void
  isZoomed: boolean
}

/** `told` is called with what belongs into the address. */
export function useTime(
  search: Record<string, unknown>,
  told: (search: ReturnType<typeof toSearch>) => void,
): Time {
  const [at, setAt] = useState<Zoomed>(() => ({ range: fromSearch(search) ?? DEFAULT_RANGE, before: [] }))
  const go = useCallback(
    (next: Zoomed) => {
      setAt(next)
      told(toSearch(next.range))
    },
    [told],
  )
  return {
    range: at.range,
    set: useCallback((range: Range) => go({ range, before: [] }), [go]),
    zoomIn: useCallback((from: number, to: number) => go(zoom(at, from, to)), [at, go]),
    zoomBack: useCallback(() => go(zoomOut(at)), [at, go]),
    isZoomed: at.before.length > 0,
  }
}
