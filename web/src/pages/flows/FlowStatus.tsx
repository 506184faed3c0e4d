import { CheckIcon, CrossIcon, NewIcon, WarnIcon } from '../../parts/icons'
import { type Said, states, type Tone } from './state'

const icons: Record<Tone, () => React.JSX.Element> = {
  ok: CheckIcon,
  warn: WarnIcon,
  bad: CrossIcon,
  dim: NewIcon,
}

export const colours: Record<Tone, string> = {
  ok: 'var(--ok)',
  warn: 'var(--warn)',
  bad: 'var(--bad)',
  dim: 'var(--mantine-color-dimmed)',
}

/** How a flow is: an icon and a word, and what it means on hovering. */
export function FlowStatus({ state }: { state: keyof typeof states }) {
  return <Stated said={states[state]} />
}

/** A word in the colour of what it means, with the icon of it. */
export function Stated({ said }: { said: Pick<Said, 'word' | 'tone'> & { help?: string } }) {
  const Icon = icons[said.tone]
  return (
    <span
      title={said.help}
      style={{
        display: 'inline-flex',
        alignItems: 'center',
        gap: 6,
        color: colours[said.tone],
        whiteSpace: 'nowrap',
      }}
    >
      <Icon />
      {said.word}
    </span>
  )
}
