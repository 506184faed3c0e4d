import { Modal } from '@mantine/core'
import type { Project } from '../../api/settings'
import { ProjectForm } from './ProjectForm'

interface Props {
  organization: string
  close: () => void
  done: (made: Project) => void
}

/** A project more. */
export function NewProject({ organization, close, done }: Props) {
  return (
    <Modal opened onClose={close} title="New project" closeButtonProps={{ 'aria-label': 'Close' }}>
      <ProjectForm organization={organization} done={done} />
    </Modal>
  )
}
