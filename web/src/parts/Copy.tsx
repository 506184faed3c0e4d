import { Button } from '@mantine/core'
import { useState } from 'react'
import classes from './Copy.module.css'
import { copy } from './copy'
import { CheckIcon, CopyIcon } from './icons'

/** Text in a box with a button that copies it. */
export function Copy({ text, label }: { text: string; label: string }) {
  const [told, setTold] = useState<string>()
  const act = async () => setTold((await copy(text)) ? 'Copied' : 'Select the text and copy it')
  return (
    <div className={classes['box']}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section tabIndex={0} aria-label={label}>
        <pre>{text}</pre>
      </section>
      <Button
        variant="default"
        size="xs"
        leftSection={told === 'Copied' ? <CheckIcon /> : <CopyIcon />}
        onClick={act}
        onBlur={() => setTold(undefined)}
        aria-label={`Copy: ${label}`}
      >
        <span aria-live="polite">{told ?? 'Copy'}</span>
      </Button>
    </div>
  )
}
