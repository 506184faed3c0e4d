import { Button, Modal, Skeleton } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, type Schemas, take } from '../../api/client'
import { queryClient } from '../../api/queries'
import { type ApiToken, tokensQuery } from '../../api/settings'
import { useOrganizations } from '../../organization'
import { Age } from '../../parts/Age'
import { Confirm } from '../../parts/Confirm'
import { PlusIcon } from '../../parts/icons'
import { Secret } from '../../parts/Secret'
import { Trouble } from '../../parts/Trouble'
import { at } from '../../parts/time'
import { NewToken } from './NewToken'
import classes from './Settings.module.css'

/** The own API tokens: what programs show instead of a password. */
export function Tokens() {
  const { data, error, refetch } = useQuery(tokensQuery)
  const [adds, setAdds] = useState(false)
  const [made, setMade] = useState<Schemas['CreatedApiToken']>()
  const close = () => {
    setAdds(false)
    setMade(undefined)
  }
  return (
    <>
      <title>API tokens · EdgeSync</title>
      <div className="row spread">
        <h2 style={{ margin: 0 }}>API tokens</h2>
        {data && data.length > 0 && (
          <Button leftSection={<PlusIcon />} onClick={() => setAdds(true)}>
            New token
          </Button>
        )}
      </div>
      {error && <Trouble error={error} again={() => refetch()} />}
      {!data && !error && <Skeleton height={160} />}
      {data?.length === 0 && (
        <div className="panel stack" style={{ alignItems: 'flex-start', gap: 8 }}>
          <div>
            You have none. With a token a program reads or changes what you may, within what you let it. What
            can be asked is described at <a href="/api/docs/">/api/docs/</a>.
          </div>
          <Button leftSection={<PlusIcon />} onClick={() => setAdds(true)}>
            New token
          </Button>
        </div>
      )}
      {data && data.length > 0 && (
        <ul className={`panel ${classes['list']}`} style={{ padding: 0 }} aria-label="API tokens">
          {data.map(token => (
            <One key={token.id} token={token} />
          ))}
        </ul>
      )}
      <Modal
        opened={adds}
        onClose={close}
        title={made ? 'The new token' : 'New API token'}
        closeButtonProps={{ 'aria-label': 'Close' }}
        closeOnClickOutside={false}
        size="lg"
      >
        {made ? (
          <div className="stack">
            <Secret token={made.token} of={made.api_token.name} />
            <div>
              A program shows it in the header <span className="mono">Authorization: Bearer</span>.
            </div>
            <div className="row" style={{ justifyContent: 'flex-end' }}>
              <Button onClick={close}>I have copied it</Button>
            </div>
          </div>
        ) : (
          <NewToken done={setMade} />
        )}
      </Modal>
    </>
  )
}

function One({ token }: { token: ApiToken }) {
  const [asks, setAsks] = useState(false)
  const organizations = useOrganizations()
  const end = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/me/api-tokens/{id}', { params: { path: { id: token.id } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  })
  const isOver = token.expires_at !== null && Date.parse(token.expires_at) <= Date.now()
  const only = organizations.find(({ id }) => id === token.organization_id)?.name
  return (
    <li>
      <div className={classes['main']}>
        <div>{token.name}</div>
        <div className="dim">
          <span className="mono">{token.token_prefix}…</span> · {token.scopes.join(', ')}
          {token.organization_id && <> · only {only ?? 'an organization that you are not in'}</>} ·{' '}
          {token.last_used_at ? (
            <>
              used <Age of={token.last_used_at} />
            </>
          ) : (
            'never used'
          )}
        </div>
      </div>
      <span className="dim">
        {token.expires_at === null
          ? 'Never expires'
          : `${isOver ? 'Expired' : 'Expires'} ${at(Date.parse(token.expires_at))}`}
      </span>
      <Button
        variant="default"
        size="xs"
        onClick={() => setAsks(true)}
        aria-label={`${isOver ? 'Remove' : 'Revoke'} ${token.name}`}
      >
        {isOver ? 'Remove' : 'Revoke'}
      </Button>
      <Confirm
        opened={asks}
        close={() => setAsks(false)}
        title={`Revoke ${token.name}?`}
        verb="Revoke it"
        error={end.error}
        pending={end.isPending}
        onConfirm={() => end.mutate()}
      >
        Programs that use it are refused from now on, and their live connections end. It cannot be taken back;
        make a new token for what goes on.
      </Confirm>
    </li>
  )
}
