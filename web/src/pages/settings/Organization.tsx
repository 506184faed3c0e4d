import { Button, Switch, Textarea, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { api, type Schemas, take } from '../../api/client'
import { organizationsQuery, queryClient } from '../../api/queries'
import { Confirm } from '../../parts/Confirm'
import { wrongFields } from '../../parts/fields'
import { Trouble } from '../../parts/Trouble'
import { inOrganization, type Rights } from './InOrganization'
import classes from './Settings.module.css'

/** What an organization is called, whether it is in use, and its end. */
export const OrganizationSettings = inOrganization(rights => (
  <>
    <title>{`${rights.organization.name} · Settings · EdgeSync`}</title>
    {rights.isAdmin ? <Form {...rights} /> : <Shown {...rights} />}
    <InUse {...rights} />
    {rights.isOwner ? <Delete {...rights} /> : <Leave {...rights} />}
  </>
))

function took(organization: Schemas['Organization']): void {
  queryClient.setQueryData(organizationsQuery.queryKey, all =>
    all?.map(one => (one.id === organization.id ? organization : one)),
  )
}

function Shown({ organization }: Rights) {
  return (
    <section className={`panel stack ${classes['form']}`} style={{ gap: 8 }}>
      <h2>{organization.name}</h2>
      {organization.description && <div>{organization.description}</div>}
      <div className="dim">Only its admins change its name and description. Ask one of them.</div>
    </section>
  )
}

function Form({ organization }: Rights) {
  const [name, setName] = useState(organization.name)
  const [slug, setSlug] = useState(organization.slug)
  const [description, setDescription] = useState(organization.description)
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), slug: slug.trim(), description }
      return take(
        api.PATCH('/api/v1/organizations/{id}', { params: { path: { id: organization.id } }, body }),
      )
    },
    onSuccess: saved => {
      took(saved)
      setName(saved.name)
      setSlug(saved.slug)
      setDescription(saved.description)
    },
  })
  const wrong = wrongFields(save.error)
  const isSame =
    name.trim() === organization.name &&
    slug === organization.slug &&
    description === organization.description
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <form className={`panel stack ${classes['form']}`} onSubmit={submit}>
      <h2>General</h2>
      <TextInput
        label="Name"
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={wrong('name')}
        maxLength={200}
        required
      />
      <TextInput
        label="Short name"
        description="For addresses and programs: small letters, digits and single hyphens."
        value={slug}
        onChange={event => setSlug(event.currentTarget.value)}
        error={wrong('slug')}
        maxLength={50}
        required
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
      {save.error && <Trouble error={save.error} />}
      <div className="row">
        <Button type="submit" loading={save.isPending} disabled={isSame}>
          Save
        </Button>
        <span role="status">{save.isSuccess && isSame && 'Saved.'}</span>
      </div>
    </form>
  )
}

function InUse({ organization, isAdmin }: Rights) {
  const change = useMutation({
    mutationFn: (is_active: boolean) =>
      take(
        api.PATCH('/api/v1/organizations/{id}', {
          params: { path: { id: organization.id } },
          body: { is_active },
        }),
      ),
    onSuccess: took,
  })
  return (
    <section className={`panel stack ${classes['form']}`} style={{ gap: 8 }}>
      <h2>Devices may connect</h2>
      <Switch
        label={organization.is_active ? 'They may' : 'All devices are refused'}
        description={
          isAdmin
            ? 'Switched off, all devices of the organization are disconnected and refused. Members read on, and flows stay deployed.'
            : 'Only admins of the organization switch this.'
        }
        checked={organization.is_active}
        onChange={event => change.mutate(event.currentTarget.checked)}
        disabled={!isAdmin || change.isPending}
      />
      {change.error && <Trouble error={change.error} />}
    </section>
  )
}

function Delete({ organization }: Rights) {
  const navigate = useNavigate()
  const [asks, setAsks] = useState(false)
  const remove = useMutation({
    mutationFn: () =>
      take(api.DELETE('/api/v1/organizations/{id}', { params: { path: { id: organization.id } } })),
    onSuccess: () => gone(organization.id, navigate),
  })
  return (
    <section className={`panel stack ${classes['form']}`} style={{ gap: 8 }}>
      <h2>Delete the organization</h2>
      <div>
        Its projects, devices, dashboards and audit log go for everybody, at once. Its flows stop and stay
        with their owners. To give it to somebody else instead, hand it over under Members.
      </div>
      <div className="row">
        <Button variant="outline" color="red" onClick={() => setAsks(true)}>
          Delete it
        </Button>
      </div>
      <Confirm
        opened={asks}
        close={() => setAsks(false)}
        title={`Delete ${organization.name}?`}
        verb="Delete it for good"
        keep="Keep it"
        typed={organization.name}
        error={remove.error}
        pending={remove.isPending}
        onConfirm={() => remove.mutate()}
      >
        This cannot be taken back. All devices lose their tokens, and nobody can look at their readings any
        more.
      </Confirm>
    </section>
  )
}

function Leave({ organization, me }: Rights) {
  const navigate = useNavigate()
  const [asks, setAsks] = useState(false)
  const leave = useMutation({
    mutationFn: () => {
      const path = { id: organization.id, user: me }
      return take(api.DELETE('/api/v1/organizations/{id}/members/{user}', { params: { path } }))
    },
    onSuccess: () => gone(organization.id, navigate),
  })
  return (
    <section className={`panel stack ${classes['form']}`} style={{ gap: 8 }}>
      <h2>Leave the organization</h2>
      <div>Only its owner can delete it. You can leave it; to come back, an admin must add you again.</div>
      <div className="row">
        <Button variant="outline" color="red" onClick={() => setAsks(true)}>
          Leave it
        </Button>
      </div>
      <Confirm
        opened={asks}
        close={() => setAsks(false)}
        title={`Leave ${organization.name}?`}
        verb="Leave it"
        keep="Stay"
        error={leave.error}
        pending={leave.isPending}
        onConfirm={() => leave.mutate()}
      >
        Your flows in its projects go to its owner. What else you run on its devices is stopped.
      </Confirm>
    </section>
  )
}

/** Goes on in another organization, of which nothing is shown that was known of this one. */
async function gone(id: string, navigate: ReturnType<typeof useNavigate>): Promise<void> {
  queryClient.setQueryData(organizationsQuery.queryKey, all => all?.filter(one => one.id !== id))
  await navigate({ to: '/' })
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey.includes(id) })
}
