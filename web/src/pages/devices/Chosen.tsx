import { Button, Menu } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { actOnDevices, DEEDS_MAX, type Deed, type Done } from '../../api/devices'
import { type Device, queryClient } from '../../api/queries'
import { projectsQuery } from '../../api/settings'
import { Confirm } from '../../parts/Confirm'
import { CheckIcon, ChoiceIcon, WarnIcon } from '../../parts/icons'
import { Trouble } from '../../parts/Trouble'
import classes from './ImportDevices.module.css'

interface Props {
  organization: string
  /** Those that are loaded, for their names. */
  devices: Device[]
  chosen: ReadonlySet<string>
  /** The only project that is looked at, if it is one. */
  project: string | undefined
  clear: () => void
}

/** What can be done to all chosen devices at once, and what became of each. */
export function Chosen({ organization, devices, chosen, project, clear }: Props) {
  const projects = useQuery(projectsQuery(organization)).data ?? []
  const [deletes, setDeletes] = useState(false)
  const [done, setDone] = useState<Done[]>([])
  const act = useMutation({
    mutationFn: async (deed: Deed) => {
      const answers: Done[] = []
      try {
        await actOnDevices([...chosen], deed, one => void answers.push(one))
      } finally {
        setDone(answers)
      }
    },
    onSettled: () => {
      setDeletes(false)
      void queryClient.invalidateQueries({ queryKey: ['devices', organization] })
      void queryClient.invalidateQueries({ queryKey: ['device'] })
      void queryClient.invalidateQueries({ queryKey: ['fleet'] })
    },
    onSuccess: clear,
  })
  const refused = done.filter(({ status }) => status >= 400)
  const isTooMany = chosen.size > DEEDS_MAX
  const current = projects.find(({ id }) => id === project)
  const off = chosen.size === 0 || isTooMany || act.isPending
  const button = (word: string, deed: Deed) => (
    <Button variant="default" size="xs" disabled={off} onClick={() => act.mutate(deed)}>
      {word}
    </Button>
  )
  if (chosen.size === 0 && done.length === 0) return null
  return (
    <section className="stack" style={{ gap: 8 }} aria-label="What is chosen">
      {chosen.size > 0 && (
        <div className="row">
          <strong role="status">{chosen.size.toLocaleString()} chosen</strong>
          {button('Switch on', { action: 'switch_on' })}
          {button('Switch off', { action: 'switch_off' })}
          {projects.length > 0 && (
            <Menu>
              <Menu.Target>
                <Button variant="default" size="xs" disabled={off} rightSection={<ChoiceIcon />}>
                  Put into project
                </Button>
              </Menu.Target>
              <Menu.Dropdown mah={320} style={{ overflow: 'auto' }}>
                {projects.map(({ id, name }) => (
                  <Menu.Item
                    key={id}
                    onClick={() => act.mutate({ action: 'add_to_project', project_id: id })}
                  >
                    {name}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
          )}
          {current &&
            button(`Take out of ${current.name}`, { action: 'take_out_of_project', project_id: current.id })}
          <Button variant="outline" color="red" size="xs" disabled={off} onClick={() => setDeletes(true)}>
            Delete
          </Button>
          <Button variant="subtle" size="xs" onClick={clear}>
            Choose none
          </Button>
          {isTooMany && <span>At most {DEEDS_MAX.toLocaleString()} at once: choose fewer.</span>}
        </div>
      )}
      {act.error && <Trouble error={act.error} />}
      {done.length > 0 && (
        <div
          className="row"
          role="status"
          style={{ color: refused.length > 0 ? 'var(--warn)' : 'var(--ok)' }}
        >
          {refused.length > 0 ? <WarnIcon /> : <CheckIcon />}
          {done.length - refused.length} done{refused.length > 0 && `, ${refused.length} not`}
          <Button variant="subtle" size="compact-xs" onClick={() => setDone([])}>
            Hide
          </Button>
        </div>
      )}
      {refused.length > 0 && <Refused refused={refused} devices={devices} />}
      <Confirm
        opened={deletes}
        close={() => setDeletes(false)}
        title={`Delete ${chosen.size.toLocaleString()} devices?`}
        verb="Delete them"
        keep="Keep them"
        typed={String(chosen.size)}
        error={act.error}
        pending={act.isPending}
        onConfirm={() => act.mutate({ action: 'delete' })}
      >
        Their tokens end, and nobody can look at their readings any more. If you only want them to stop,
        switch them off instead.
      </Confirm>
    </section>
  )
}

function Refused({ refused, devices }: { refused: Done[]; devices: Device[] }) {
  const names = new Map(devices.map(({ id, name }) => [id, name]))
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes['box']} tabIndex={0} aria-label="Not done" style={{ maxHeight: 160 }}>
      <table className={classes['table']}>
        <tbody>
          {refused.slice(0, 200).map(({ id, detail }) => (
            <tr key={id}>
              <th scope="row">{names.get(id) ?? id}</th>
              <td>{detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
