/** The few pictures of the pages, 16 by 16, in the colour of the text. Always beside a word, or under a label. */
import type { ReactNode } from 'react'

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      aria-hidden="true"
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {children}
    </svg>
  )
}

export const icon = (path: string) => () => (
  <Icon>
    <path d={path} />
  </Icon>
)

export const OverviewIcon = icon('M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z')
export const DeviceIcon = icon(
  'M4 4h8v8H4zM6 1.5v2.5M10 1.5v2.5M6 12v2.5M10 12v2.5M1.5 6H4M1.5 10H4M12 6h2.5M12 10h2.5',
)
export const SearchIcon = icon('M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM11 11l3 3')
export const PlusIcon = icon('M8 3v10M3 8h10')
export const CopyIcon = icon('M6 6h8v8H6zM10 6V2H2v8h4')
export const CheckIcon = icon('M3 8.5l3.5 3.5L13 4.5')
export const WarnIcon = icon('M8 2L1.5 13.5h13zM8 6.5v3M8 11.5v.1')
export const CrossIcon = icon('M4 4l8 8M12 4l-8 8')
export const OffIcon = icon('M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM5 8h6')
export const NewIcon = icon('M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z')
export const UserIcon = icon('M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14a5.5 5.5 0 0 1 11 0')
export const SunIcon = icon(
  'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
)
export const LinkIcon = icon('M1.5 9h2.5l2-5 3 8 2-5 1 2h2.5')
export const BackIcon = icon('M10 3L5 8l5 5')
export const ForthIcon = icon('M6 3l5 5-5 5')
export const MinusIcon = icon('M3 8h10')
export const DownIcon = icon('M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11')
export const UpIcon = icon('M8 10.5V2.5M4.5 6L8 2.5 11.5 6M2.5 13.5h11')
export const ExploreIcon = icon('M2 2v12h12M4.5 11l3-4 2.5 2L14 4')
export const SettingsIcon = icon(
  'M2 4.5h7M13 4.5h1M2 11.5h1M7 11.5h7M11 6.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM5 13.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4z',
)
export const ChoiceIcon = icon('M5 6l3-3 3 3M5 10l3 3 3-3')
