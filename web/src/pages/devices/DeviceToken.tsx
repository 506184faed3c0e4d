import { Button, Select } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { type Device, deviceQuery, queryClient } from '../../api/queries'
import { Confirm } from '../../parts/Confirm'
import { Copy } from '../../parts/Copy'
import { Trouble } from '../../parts/Trouble'
import { Connect } from './Connect'

const OVERLAPS = [
  { value: '0', label: 'End the old one at once' },
  { value: '3600', label: 'Keep the old one for an hour' },
  { value: '86400', label: 'Keep the old one for a day' },
  { value: '604800', label: 'Keep the old one for a week' },
]

/** What a device shows when it connects: made anew, or taken away. For admins. */
export function DeviceToken({ device }: { device: Device }) {
  const [overlap, setOverlap] = useState('0')
  const [asks, setAsks] = useState(false)
  const path = { id: device.id }
  const refresh = () => queryClient.invalidateQueries({ queryKey: deviceQuery(device.id).queryKey })
  const rotate = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/devices/{id}/token', { params: { path }, body: { overlap_s: Number(overlap) } }),
      ),
    onSuccess: refresh,
  })
  const revoke = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/devices/{id}/token', { params: { path } })),
    onSuccess: () => {
      setAsks(false)
      rotate.reset()
      return refresh()
    },
  })
  const has = device.token_prefix !== ''
  return (
    <div className="stack" style={{ maxWidth: 720 }}>
      <section className="panel stack">
        <h2 style={{ margin: 0 }}>Connect it</h2>
        {rotate.data ? (
          <Connect device={device} token={rotate.data.token} />
        ) : (
          <>
            <div>
              {has ? (
                <>
                  Its token begins with <span className="mono">{device.token_prefix}</span>. A token is shown
                  only when it is made; with a new one come the lines that connect it.
                </>
              ) : (
                'It has no token and cannot connect. Make one.'
              )}
            </div>
            <div className="row">
              {has && (
                <Select
                  aria-label="What becomes of the old token"
                  data={OVERLAPS}
                  value={overlap}
                  onChange={value => setOverlap(value ?? '0')}
                  allowDeselect={false}
                  w={240}
                />
              )}
              <Button onClick={() => rotate.mutate()} loading={rotate.isPending}>
                Make a new token
              </Button>
            </div>
          </>
        )}
        {rotate.error && <Trouble error={rotate.error} />}
      </section>
      <section className="panel stack">
        <h2 style={{ margin: 0 }}>Its id</h2>
        <Copy text={device.id} label="id of the device" />
      </section>
      {has && (
        <section className="panel stack" style={{ gap: 8 }}>
          <h2 style={{ margin: 0 }}>Take its token away</h2>
          <div>
            For a device that was lost: it is disconnected, and comes in no more until you make it a new one.
          </div>
          <div className="row">
            <Button variant="outline" color="red" onClick={() => setAsks(true)}>
              Revoke the token
            </Button>
          </div>
        </section>
      )}
      <Confirm
        opened={asks}
        close={() => setAsks(false)}
        title={`Revoke the token of ${device.name}?`}
        verb="Revoke it"
        keep="Keep it"
        error={revoke.error}
        pending={revoke.isPending}
        onConfirm={() => revoke.mutate()}
      >
        All its tokens end, one that is still valid beside a newer one too. It stays out until somebody puts a
        new token into it.
      </Confirm>
    </div>
  )
}
