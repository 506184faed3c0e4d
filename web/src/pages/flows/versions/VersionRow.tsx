import { Button, Radio } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FlowVersionSummary, membersQuery } from '../../../api/flows'
import { useOrganization } from '../../../organization'
import { Age } from '../../../parts/Age'
import classes from './Versions.module.css'

/** One of the two that are compared: a version by its number, or what is drawn now. */
export type Pick = number | 'draft'

export type SetPicked = (change: (before: { from?: Pick; to?: Pick }) => { from?: Pick; to?: Pick }) => void

/** Which two are compared. The same twice shows it as it is. */
export function Choice({
  of,
  word,
  from,
  to,
  pick,
}: {
  of: Pick
  word: string
  from: Pick
  to: Pick
  pick: SetPicked
}) {
  return (
    <>
      <td>
        <Radio
          name="from"
          aria-label={`Compare from ${word}`}
          checked={from === of}
          onChange={() => pick(before => ({ ...before, from: of }))}
        />
      </td>
      <td>
        <Radio
          name="to"
          aria-label={`Compare to ${word}`}
          checked={to === of}
          onChange={() => pick(before => ({ ...before, to: of }))}
        />
      </td>
    </>
  )
}

/** A version: when it was deployed and by whom, and what can be done with it. */
export function VersionRow({
  version,
  from,
  to,
  pick,
  may,
  isDeployed,
  onDo,
}: {
  version: FlowVersionSummary
  from: Pick
  to: Pick
  pick: SetPicked
  may: boolean
  isDeployed: boolean
  onDo: (what: 'rollback' | 'take') => void
}) {
  const organization = useOrganization()
  const members = useQuery(membersQuery(organization?.id ?? '')).data
  const { version: number, created_at, deployed_by } = version
  const who = members?.find(({ user_id }) => user_id === deployed_by)
  return (
    <tr>
      <th scope="row">
        {number}
        {isDeployed && <strong style={{ color: 'var(--ok)' }}> · runs</strong>}
        <div className="dim">
          deployed <Age of={created_at} />
          {who && <> by {who.name || who.email}</>}
        </div>
      </th>
      <Choice of={number} word={`version ${number}`} from={from} to={to} pick={pick} />
      <td>
        <div className={classes['actions']}>
          <Button
            variant="subtle"
            size="compact-xs"
            aria-label={`Look at version ${number}`}
            onClick={() => pick(() => ({ from: number, to: number }))}
          >
            Look
          </Button>
          {may && !isDeployed && (
            <Button
              variant="subtle"
              size="compact-xs"
              aria-label={`Roll back to version ${number}`}
              onClick={() => onDo('rollback')}
            >
              Roll back
            </Button>
          )}
          {may && (
            <Button
              variant="subtle"
              size="compact-xs"
              aria-label={`Draw on from version ${number}`}
              onClick={() => onDo('take')}
            >
              Draw on
            </Button>
          )}
        </div>
      </td>
    </tr>
  )
}
