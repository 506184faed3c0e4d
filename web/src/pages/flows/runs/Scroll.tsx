import type { ReactNode } from 'react'
import classes from './Runs.module.css'

/** A table that may be wider than the page. */
export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes['scroll']} tabIndex={0} aria-label={label}>
      {children}
    </section>
  )
}
