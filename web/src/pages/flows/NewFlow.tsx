import { Button, FileButton, Modal, Radio, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { type FlowInput, makeFlow, projectsQuery } from '../../api/flows'
import { Problem } from '../../api/problem'
import { DeviceSelect } from '../../parts/SearchSelect'
import { Trouble } from '../../parts/Trouble'
import { examples } from './examples'
import { ProjectSelect } from './FlowDialogs'
import classes from './Flows.module.css'
import { imported } from './files'

export type Way = 'empty' | 'import' | (string & {})

/** A flow from nothing, from an example or from a file. Opens in the editor. */
export function NewFlow({
  organization,
  way: first,
  project: inProject,
  onClose,
}: {
  organization: string
  way: Way
  project: string | undefined
  onClose: () => void
}) {
  const navigate = useNavigate()
  const [way, setWay] = useState(first)
  const [name, setName] = useState('')
  const [project, setProject] = useState(inProject ?? '')
  const [device, setDevice] = useState<string | null>(null)
  const [file, setFile] = useState<{ name: string; read: ReturnType<typeof imported> }>()
  const projects = useQuery(projectsQuery(organization)).data ?? []
  const example = examples.find(({ id }) => id === way)
  const read = way === 'import' ? file?.read : undefined
  const from = (): Omit<FlowInput, 'name'> => {
    if (example) return example.make(device ?? undefined)
    return read && 'flow' in read ? read.flow : {}
  }
  const suggested = (read && 'flow' in read && read.flow.name) || example?.name || ''
  const make = useMutation({
    mutationFn: () =>
      makeFlow({ ...from(), name: name.trim() || suggested, ...(project ? { project_id: project } : {}) }),
    onSuccess: flow => navigate({ to: '/flows/$id', params: { id: flow.id } }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    make.mutate()
  }
  const choose = async (chosen: File | null) => {
    if (chosen) setFile({ name: chosen.name, read: imported(await chosen.text()) })
  }
  const problem = make.error instanceof Problem ? make.error : undefined
  const nameProblem = problem?.fields.get('name')
  return (
    <Modal
      opened
      onClose={onClose}
      title="New flow"
      size="lg"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form className="stack" onSubmit={submit}>
        <Radio.Group label="Begin with" value={way} onChange={setWay}>
          <div className={classes['ways']}>
            <Radio value="empty" label="An empty canvas" description="And the palette beside it." />
            {examples.map(({ id, name, says }) => (
              <Radio key={id} value={id} label={name} description={says} />
            ))}
            <Radio
              value="import"
              label="A file"
              description="An export of a flow, or a React Flow diagram as JSON."
            />
          </div>
        </Radio.Group>
        {example && (
          <DeviceSelect
            organization={organization}
            label="Device"
            description="Whose readings it takes. It can be changed in the editor."
            placeholder="Choose it later"
            value={device}
            onChange={setDevice}
            clearable
          />
        )}
        {way === 'import' && (
          <div className="stack" style={{ gap: 8 }}>
            <div className="row">
              <FileButton onChange={choose} accept="application/json,.json">
                {props => (
                  <Button variant="default" {...props}>
                    Choose a file
                  </Button>
                )}
              </FileButton>
              <span className="dim">{file ? file.name : 'None is chosen.'}</span>
            </div>
            {read && 'trouble' in read && (
              <div role="alert" style={{ color: 'var(--bad)' }}>
                {read.trouble}
              </div>
            )}
            {read && 'flow' in read && (
              <div>
                {read.flow.nodes?.length ?? 0} nodes, {read.flow.edges?.length ?? 0} edges. What does not fit
                here, such as devices of another server, is shown in the editor.
              </div>
            )}
          </div>
        )}
        <TextInput
          label="Name"
          placeholder={suggested}
          value={name}
          onChange={event => setName(event.currentTarget.value)}
          error={nameProblem && `It ${nameProblem}.`}
          maxLength={200}
          required={suggested === ''}
          data-autofocus
        />
        {projects.length > 0 && <ProjectSelect projects={projects} value={project} onChange={setProject} />}
        {make.error && <Trouble error={make.error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={make.isPending}
            disabled={way === 'import' && !(read && 'flow' in read)}
          >
            Make the flow
          </Button>
        </div>
      </form>
    </Modal>
  )
}
