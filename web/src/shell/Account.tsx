import { ActionIcon, Menu, useMantineColorScheme } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { meQuery } from '../api/queries'
import { CheckIcon, UserIcon } from '../parts/icons'
import { Trouble } from '../parts/Trouble'
import { end } from '../session'

const SCHEMES = [
  { value: 'auto', word: 'As the system' },
  { value: 'light', word: 'Light' },
  { value: 'dark', word: 'Dark' },
] as const

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
        {SCHEMES.map(({ value, word }) => (
          <Menu.Item
            key={value}
            role="menuitemradio"
            aria-checked={value === colorScheme}
            leftSection={value === colorScheme ? <CheckIcon /> : <span style={{ width: 16 }} />}
            onClick={() => setColorScheme(value)}
          >
            {word}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => logout.mutate()} disabled={logout.isPending}>
          Log out
        </Menu.Item>
        {logout.error && <Trouble error={logout.error} />}
      </Menu.Dropdown>
    </Menu>
  )
}
