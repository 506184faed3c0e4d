import { DeviceSelect, FlowSelect } from './Choose'
import type { Missing } from './imports'
import type { Replacements } from './model/replace'

interface Props {
  organization: string
  missing: readonly Missing[]
  chosen: Replacements
  onChoose: (chosen: Replacements) => void
}

/** What is to feed the widgets of devices and flows that are not here. */
export function Replace({ organization, missing, chosen, onChoose }: Props) {
  return (
    <section className="stack" aria-label="What feeds it">
      <div>
        {missing.length === 1 ? 'One of its sources is' : `${missing.length} of its sources are`} not here.
        Choose what to take instead; without one its widgets stay empty.
      </div>
      {missing.map(({ kind, id, name, suggested }) => {
        const Choose = kind === 'device' ? DeviceSelect : FlowSelect
        const value = chosen.has(id) ? (chosen.get(id) ?? null) : (suggested ?? null)
        return (
          <Choose
            key={id}
            organization={organization}
            label={`In place of ${kind} ${name ?? id}`}
            value={value}
            onChange={next => onChoose(new Map([...chosen, [id, next]]))}
            clearable
          />
        )
      })}
    </section>
  )
}
