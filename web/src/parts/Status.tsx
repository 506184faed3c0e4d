import type { Device } from '../api/queries'
import { CheckIcon, CrossIcon, NewIcon, OffIcon } from './icons'

const said = {
  active: { word: 'Online', colour: 'var(--ok)', Icon: CheckIcon },
  offline: { word: 'Offline', colour: 'var(--mantine-color-dimmed)', Icon: OffIcon },
  inactive: { word: 'Not seen yet', colour: 'var(--mantine-color-dimmed)', Icon: NewIcon },
  error: { word: 'Error', colour: 'var(--bad)', Icon: CrossIcon },
} as const

/** How a device is: an icon and a word. */
export function Status({
  device,
  dim = false,
}: {
  device: Pick<Device, 'status' | 'is_active'>
  dim?: boolean
}) {
  const { colour, Icon } = device.is_active ? said[device.status] : { ...said.offline }
  const word = device.is_active ? said[device.status].word : 'Switched off'
  return (
    <span
      style={{
        display: 'inline-flex',
        alignItems: 'center',
        verticalAlign: 'middle',
        gap: 6,
        color: dim ? 'var(--mantine-color-dimmed)' : colour,
        whiteSpace: 'nowrap',
      }}
    >
      <Icon />
      {word}
    </span>
  )
}
