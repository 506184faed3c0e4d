import { Modal, UnstyledButton } from '@mantine/core'
import { KINDS } from '../../../widgets/kinds'
import type { WidgetType } from '../model/board'
import classes from './AddWidget.module.css'

interface Props {
  onClose: () => void
  onAdd: (type: WidgetType) => void
}

/** All kinds of widgets, each with what it is good for. */
export function AddWidget({ onClose, onAdd }: Props) {
  return (
    <Modal
      opened
      onClose={onClose}
      title="Add a widget"
      size="xl"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className={classes['kinds']}>
        {KINDS.map(({ type, name, purpose, Icon }, place) => (
          <UnstyledButton
            key={type}
            className={classes['kind']}
            onClick={() => onAdd(type)}
            data-autofocus={place === 0 ? true : undefined}
          >
            <Icon />
            <span>
              <strong>{name}</strong>
              <span className="dim">{purpose}</span>
            </span>
          </UnstyledButton>
        ))}
      </div>
    </Modal>
  )
}
