import { Button, Modal, NumberInput, Select, Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { projectNamesQuery } from '../../../api/dashboards'
import type { Board } from '../model/board'
import { told } from '../model/edits'
import type { Edit } from './useEditor'

interface Props {
  onClose: () => void
  board: Board
  organization: string
  edit: Edit
}

/** What is about the whole dashboard. Each field is an edit like any other, and saved with them. */
export function About({ onClose, board, organization, edit }: Props) {
  const projects = useQuery(projectNamesQuery(organization)).data ?? []
  return (
    <Modal opened onClose={onClose} title="Name and project" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="stack">
        <TextInput
          label="Name"
          value={board.name}
          onChange={event => {
            const name = event.currentTarget.value
            edit(now => told(now, { name }), 'name')
          }}
          error={board.name.trim() === '' && 'It needs a name.'}
          maxLength={200}
          required
        />
        <Textarea
          label="Description"
          description="What it is for. May be left empty."
          value={board.description}
          onChange={event => {
            const description = event.currentTarget.value
            edit(now => told(now, { description }), 'description')
          }}
          maxLength={10_000}
          autosize
          minRows={2}
          maxRows={6}
        />
        <Select
          label="Project"
          data={[
            { value: '', label: 'None' },
            ...projects.map(({ id, name }) => ({ value: id, label: name })),
          ]}
          value={board.project_id ?? ''}
          onChange={id => edit(now => told(now, { project_id: id || null }))}
          allowDeselect={false}
        />
        <NumberInput
          label="Refresh of what is not live, in seconds"
          value={board.update_frequency}
          min={1}
          max={86_400}
          allowDecimal={false}
          clampBehavior="blur"
          onChange={value =>
            typeof value === 'number' &&
            value >= 1 &&
            edit(now => told(now, { update_frequency: value }), 'update_frequency')
          }
        />
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button onClick={onClose}>Done</Button>
        </div>
      </div>
    </Modal>
  )
}
