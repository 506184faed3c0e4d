import { Button, NumberInput, Select, Switch, TagsInput, Textarea, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, forgetOnceKey, onceKey, take } from '../../api/client'
import { queryClient } from '../../api/queries'
import { type Project, projectQuery } from '../../api/settings'
import { wrongFields } from '../../parts/fields'
import { Trouble } from '../../parts/Trouble'

interface Props {
  organization: string
  /** The one that is changed; nothing for a new one. */
  project?: Project
  done?: (saved: Project) => void
}

/** All that can be set of a project. */
export function ProjectForm({ organization, project, done }: Props) {
  const [fields, setFields] = useState(() => fieldsOf(project))
  const set = (next: Partial<typeof fields>) => setFields(before => ({ ...before, ...next }))
  const save = useMutation({
    mutationFn: () => {
      const body = { ...fields, name: fields.name.trim() }
      if (project)
        return take(api.PATCH('/api/v1/projects/{id}', { params: { path: { id: project.id } }, body }))
      const whole = { ...body, organization_id: organization }
      const header = { 'Idempotency-Key': onceKey(whole) }
      return take(api.POST('/api/v1/projects', { body: whole, params: { header } }))
    },
    onSuccess: saved => {
      forgetOnceKey()
      queryClient.setQueryData(projectQuery(saved.id).queryKey, saved)
      void queryClient.invalidateQueries({ queryKey: ['projects', organization] })
      setFields(fieldsOf(saved))
      done?.(saved)
    },
  })
  const wrong = wrongFields(save.error)
  const isSame = project && JSON.stringify(fieldsOf(project)) === JSON.stringify(fields)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <form className="stack" onSubmit={submit}>
      <TextInput
        label="Name"
        description="Unique within the organization."
        value={fields.name}
        onChange={event => set({ name: event.currentTarget.value })}
        error={wrong('name')}
        maxLength={200}
        required
        data-autofocus
      />
      <Textarea
        label="Description"
        value={fields.description}
        onChange={event => set({ description: event.currentTarget.value })}
        error={wrong('description')}
        maxLength={10_000}
        autosize
        minRows={2}
        maxRows={8}
      />
      <NumberInput
        label="Days that readings are kept"
        description="Of a device in several projects, the longest counts. Fewer days delete what is older, for good."
        value={fields.data_retention_days}
        onChange={days =>
          set({ data_retention_days: typeof days === 'number' ? days : Number.parseInt(days, 10) || 1 })
        }
        error={wrong('data_retention_days')}
        min={1}
        max={3_650}
        allowDecimal={false}
        clampBehavior="blur"
      />
      <TagsInput
        label="Tags"
        description="Words to find it by. Enter adds one."
        value={fields.tags}
        onChange={tags => set({ tags })}
        error={wrong('tags')}
        maxTags={32}
      />
      <Select
        label="Status"
        data={[
          { value: 'active', label: 'Active' },
          { value: 'inactive', label: 'Inactive' },
          { value: 'archived', label: 'Archived' },
        ]}
        value={fields.status}
        onChange={status => set({ status: status as Project['status'] })}
        error={wrong('status')}
        allowDeselect={false}
      />
      <Switch
        label="Save flows and dashboards by themselves"
        description="While somebody edits one in this project."
        checked={fields.auto_save}
        onChange={event => set({ auto_save: event.currentTarget.checked })}
      />
      {save.error && <Trouble error={save.error} />}
      <div className="row">
        <Button type="submit" loading={save.isPending} disabled={isSame === true}>
          {project ? 'Save' : 'Make the project'}
        </Button>
        <span role="status">{project && save.isSuccess && isSame && 'Saved.'}</span>
      </div>
    </form>
  )
}

function fieldsOf(project: Project | undefined) {
  return {
    name: project?.name ?? '',
    description: project?.description ?? '',
    data_retention_days: project?.data_retention_days ?? 30,
    tags: project?.tags ?? [],
    status: project?.status ?? ('active' as const),
    auto_save: project?.auto_save ?? true,
  }
}
