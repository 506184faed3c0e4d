import { Button, Modal, Select, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { changeFlow, type FlowSummary, projectsQuery, removeFlow, stopFlow } from '../../api/flows'
import { Problem } from '../../api/problem'
import { Trouble } from '../../parts/Trouble'
import { Confirm } from './Confirm'

interface Props {
  /** One of a list, or one that is open. */
  flow: Omit<FlowSummary, 'state' | 'reason' | 'errors'>
  onClose: () => void
}

/** Name, description and project of a flow. */
export function Rename({ flow, organization, onClose }: Props & { organization: string }) {
  const [name, setName] = useState(flow.name)
  const [description, setDescription] = useState(flow.description)
  const [project, setProject] = useState(flow.project_id ?? '')
  const projects = useQuery(projectsQuery(organization)).data ?? []
  const save = useMutation({
    mutationFn: () => {
      const moves = project !== (flow.project_id ?? '')
      return changeFlow(flow.id, {
        name: name.trim(),
        description,
        ...(moves ? { project_id: project || null } : {}),
      })
    },
    onSuccess: onClose,
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  const wrong = (field: string) => {
    const message = save.error instanceof Problem ? save.error.fields.get(field) : undefined
    return message ? `It ${message}.` : undefined
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Rename ${flow.name}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form className="stack" onSubmit={submit}>
        <TextInput
          label="Name"
          value={name}
          onChange={event => setName(event.currentTarget.value)}
          error={wrong('name')}
          maxLength={200}
          required
          data-autofocus
        />
        <Textarea
          label="Description"
          value={description}
          onChange={event => setDescription(event.currentTarget.value)}
          error={wrong('description')}
          maxLength={10_000}
          autosize
          minRows={2}
          maxRows={8}
        />
        <ProjectSelect projects={projects} value={project} onChange={setProject} />
        {save.error && <Trouble error={save.error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Modal>
  )
}

/** Which project a flow is in: that is who may see it. */
export function ProjectSelect({
  projects,
  value,
  onChange,
}: {
  projects: readonly { id: string; name: string }[]
  value: string
  onChange: (project: string) => void
}) {
  return (
    <Select
      label="Project"
      description="Everybody in the organization sees a flow that is in a project; one in none is yours alone."
      data={[{ value: '', label: 'None' }, ...projects.map(({ id, name }) => ({ value: id, label: name }))]}
      value={value}
      onChange={next => onChange(next ?? '')}
      allowDeselect={false}
      searchable={projects.length > 8}
    />
  )
}

export function StopFlow({ flow, onClose }: Props) {
  return (
    <Confirm
      title={`Stop ${flow.name}?`}
      verb="Stop it"
      keep="Let it run"
      act={() => stopFlow(flow.id)}
      onClose={onClose}
    >
      <div>
        It takes no more readings, and what its nodes remember (averages, open windows) is forgotten: deployed
        again, it begins with nothing. The draft, its versions and what it stored stay.
      </div>
    </Confirm>
  )
}

export function RemoveFlow({ flow, onClose, gone }: Props & { gone?: () => void }) {
  const act = async () => {
    await removeFlow(flow.id)
    gone?.()
  }
  return (
    <Confirm title={`Delete ${flow.name}?`} verb="Delete it" keep="Keep it" act={act} onClose={onClose}>
      <div>
        {flow.is_active && 'It is stopped first. '}
        With it go its draft, all its versions, its runs and dead letters, and what its “store” nodes kept in
        the database. Widgets of dashboards that show it stay and have nothing to show. This cannot be taken
        back; an export of it can be imported again.
      </div>
    </Confirm>
  )
}
