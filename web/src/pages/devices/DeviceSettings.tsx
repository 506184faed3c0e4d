import { Button, Modal, Select } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { type Device, deviceQuery, queryClient } from '../../api/queries'
import { Copy } from '../../parts/Copy'
import { Trouble } from '../../parts/Trouble'
import { Connect } from './Connect'

const OVERLAPS = [
  { value: '0', label: 'End the old one at once' },
  { value: '3600', label: 'Keep the old one for an hour' },
  { value: '86400', label: 'Keep the old one for a day' },
]

/** Tokens, whether it may connect, and its end. For admins. */
export function DeviceSettings({ device }: { device: Device }) {
  const navigate = useNavigate()
  const [overlap, setOverlap] = useState('0')
  const [ends, setEnds] = useState(false)
  const path = { id: device.id }
  const refresh = () => queryClient.invalidateQueries({ queryKey: deviceQuery(device.id).queryKey })
  const rotate = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/devices/{id}/token', { params: { path }, body: { overlap_s: Number(overlap) } }),
      ),
    onSuccess: refresh,
  })
  const change = useMutation({
    mutationFn: (is_active: boolean) =>
      take(api.PATCH('/api/v1/devices/{id}', { params: { path }, body: { is_active } })),
    onSuccess: refresh,
  })
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/devices/{id}', { params: { path } })),
    onSuccess: async () => {
      await navigate({ to: '/devices' })
      queryClient.removeQueries({ queryKey: deviceQuery(device.id).queryKey })
      void queryClient.resetQueries({ queryKey: ['devices'] })
      void queryClient.invalidateQueries({ queryKey: ['fleet'] })
    },
  })
  return (
    <div className="stack" style={{ maxWidth: 720 }}>
      <section className="panel stack">
        <h2 style={{ margin: 0 }}>Connect it</h2>
        {rotate.data ? (
          <Connect device={device} token={rotate.data.token} />
        ) : (
          <>
            <div>
              {device.token_prefix ? (
                <>
                  Its token begins with <span className="mono">{device.token_prefix}</span>. A token is shown
                  only when it is made; with a new one come the lines that connect it.
                </>
              ) : (
                'It has no token and cannot connect. Make one.'
              )}
            </div>
            <div className="row">
              <Select
                aria-label="What becomes of the old token"
                data={OVERLAPS}
                value={overlap}
                onChange={value => setOverlap(value ?? '0')}
                allowDeselect={false}
                w={240}
              />
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
      <section className="panel stack">
        <h2 style={{ margin: 0 }}>Take it out of use</h2>
        <div>
          {device.is_active
            ? 'A device that is switched off is refused until it is switched on again. It keeps its readings and its place in flows.'
            : 'It is switched off: it is refused when it connects.'}
        </div>
        <div className="row">
          <Button
            variant="default"
            onClick={() => change.mutate(!device.is_active)}
            loading={change.isPending}
          >
            {device.is_active ? 'Switch it off' : 'Switch it on'}
          </Button>
          <Button variant="outline" color="red" onClick={() => setEnds(true)}>
            Delete it
          </Button>
        </div>
        {change.error && <Trouble error={change.error} />}
      </section>
      <Modal
        opened={ends}
        onClose={() => setEnds(false)}
        title={`Delete ${device.name}?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <div className="stack">
          <div>
            Its token ends, and nobody can look at its readings any more. If you only want it to stop, switch
            it off instead.
          </div>
          {remove.error && <Trouble error={remove.error} />}
          <div className="row" style={{ justifyContent: 'flex-end' }}>
            <Button variant="default" onClick={() => setEnds(false)} data-autofocus>
              Keep it
            </Button>
            <Button color="red" onClick={() => remove.mutate()} loading={remove.isPending}>
              Delete it
            </Button>
          </div>
        </div>
      </Modal>
    </div>
  )
}
