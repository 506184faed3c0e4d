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
export const DashboardIcon = icon('M2 2h7v7H2zM11.5 2H14v7h-2.5zM2 11.5h4V14H2zM8.5 11.5H14V14H8.5z')
export const MoreIcon = icon('M8 3v.1M8 8v.1M8 13v.1')
export const EditIcon = icon('M10.5 3l2.5 2.5L6 12.5l-3 .5.5-3z')
export const ShareIcon = icon('M6 8h4M7 5H5a3 3 0 0 0 0 6h2M9 5h2a3 3 0 0 1 0 6H9')
export const UndoIcon = icon('M6 3L3 6l3 3M3 6h6a4 4 0 0 1 0 8H7')
export const RedoIcon = icon('M10 3l3 3-3 3M13 6H7a4 4 0 0 0 0 8h2')
export const GripIcon = icon('M6 3v.1M6 8v.1M6 13v.1M10 3v.1M10 8v.1M10 13v.1')
export const FlowIcon = icon('M1.5 3h4v4h-4zM10.5 9h4v4h-4zM5.5 5H8v6h2.5')
export const TidyIcon = icon('M1.5 6h4v4h-4zM10.5 2h4v4h-4zM10.5 10h4v4h-4zM5.5 8h2.5M8 4v8M8 4h2.5M8 12h2.5')
export const KeysIcon = icon('M1.5 4h13v8h-13zM4 7h.1M7 7h.1M10 7h.1M12 7h.1M5 9.5h6')
export const RemoveIcon = icon('M2.5 4h11M6 4V2.5h4V4M4 4l.7 9.5h6.6L12 4')
export const UpIcon = icon('M4 10l4-4 4 4')
export const DownIcon = icon('M4 6l4 4 4-4')
export const FitIcon = icon('M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4')
export const MinusIcon = icon('M3 8h10')
export const ForthIcon = icon('M6 3l5 5-5 5')
export const DownloadIcon = icon('M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11')
export const UploadIcon = icon('M8 10.5V2.5M4.5 6L8 2.5 11.5 6M2.5 13.5h11')
export const ExploreIcon = icon('M2 2v12h12M4.5 11l3-4 2.5 2L14 4')
export const SettingsIcon = icon(
  'M2 4.5h7M13 4.5h1M2 11.5h1M7 11.5h7M11 6.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM5 13.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4z',
)
export const ChoiceIcon = icon('M5 6l3-3 3 3M5 10l3 3 3-3')
