import { type MantineColorScheme, SegmentedControl, useMantineColorScheme } from '@mantine/core'

/** Light, dark, or as the system has it. */
export function Look() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
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
  )
}
