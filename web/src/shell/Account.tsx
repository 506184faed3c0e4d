import {
  ActionIcon,
  type MantineColorScheme,
  Menu,
  SegmentedControl,
  useMantineColorScheme,
} from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { meQuery } from '../api/queries'
import { UserIcon } from '../parts/icons'
import { Trouble } from '../parts/Trouble'
import { end } from '../session'

/** Who is logged in, how the page looks, and the way out. */
export function Account() {
  const router = useRouter()
  const me = useQuery(meQuery).data
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const logout = useMutation({ mutationFn: end, onSuccess: () => router.navigate({ to: '/login' }) })
  return (
    <Menu position="bottom-end" withinPortal closeOnItemClick={false}>
      <Menu.Target>
        <ActionIcon variant="default" size="lg" aria-label="Account and appearance">
          <UserIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me?.email}</Menu.Label>
        <div style={{ padding: 8 }}>
          <SegmentedControl
            size="xs"
            aria-label="Appearance"
            value={colorScheme}
            onChange={scheme => setColorScheme(scheme as MantineColorScheme)}
            data={[
              { value: 'auto', label: 'Auto' },
              { value: 'light', label: 'Light' },
              { value: 'dark', label: 'Dark' },
            ]}
          />
        </div>
        <Menu.Divider />
        <Menu.Item onClick={() => logout.mutate()} disabled={logout.isPending}>
          Log out
        </Menu.Item>
        {logout.error && <Trouble error={logout.error} />}
      </Menu.Dropdown>
    </Menu>
  )
}
