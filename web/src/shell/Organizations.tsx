import { Menu, UnstyledButton } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { choose, useOrganization, useOrganizations } from '../organization'
import { CheckIcon, ChoiceIcon, PlusIcon } from '../parts/icons'
import classes from './Shell.module.css'

// With its dialog, which few open.
const NewOrganization = lazy(async () => ({ default: (await import('./NewOrganization')).NewOrganization }))

/** Which organization the pages are about, the others, and how to make one. */
export function Organizations() {
  const all = useOrganizations()
  const current = useOrganization()
  const navigate = useNavigate()
  const [makes, setMakes] = useState(false)
  const go = (id: string) => {
    choose(id)
    // What the page shows may be of the one that is left.
    void navigate({ to: '/' })
  }
  return (
    <>
      <Menu position="bottom-start" withinPortal>
        <Menu.Target>
          <UnstyledButton
            className={classes['organization']}
            aria-label={`Organization: ${current?.name ?? 'No organization'}`}
          >
            <span>{current?.name ?? 'No organization'}</span>
            <ChoiceIcon />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Organizations</Menu.Label>
          <div className={classes['choices']}>
            {all.map(({ id, name }) => (
              <Menu.Item
                key={id}
                onClick={() => id !== current?.id && go(id)}
                leftSection={id === current?.id ? <CheckIcon /> : <span style={{ width: 16 }} />}
                aria-current={id === current?.id}
              >
                {name}
              </Menu.Item>
            ))}
          </div>
          <Menu.Divider />
          <Menu.Item leftSection={<PlusIcon />} onClick={() => setMakes(true)}>
            New organization
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {makes && (
        <Suspense>
          <NewOrganization
            close={() => setMakes(false)}
            done={id => {
              setMakes(false)
              go(id)
            }}
          />
        </Suspense>
      )}
    </>
  )
}
