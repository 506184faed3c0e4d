import { type ReactNode, useEffect, useRef, useState } from 'react'

/** A box whose content may be longer than it is high: whoever has no mouse reaches it then by the keyboard, to scroll it. */
export function Scroll({
  label,
  className,
  children,
}: {
  label: string
  className?: string | undefined
  children: ReactNode
}) {
  const box = useRef<HTMLElement>(null)
  const [isLong, setLong] = useState(false)
  useEffect(() => {
    const place = box.current
    if (!place) return
    const look = () =>
      setLong(place.scrollHeight > place.clientHeight || place.scrollWidth > place.clientWidth)
    const sized = new ResizeObserver(look)
    sized.observe(place)
    for (const child of place.children) sized.observe(child)
    return () => sized.disconnect()
  }, [])
  return (
    <section
      ref={box}
      className={className}
      style={{ overflow: 'auto' }}
      aria-label={label}
      tabIndex={isLong ? 0 : undefined}
    >
      {children}
    </section>
  )
}
