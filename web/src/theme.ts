import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from '@mantine/core'

/** The accent: shade 5 is that of the dark scheme, shade 7 that of the light one. */
const accent: MantineColorsTuple = [
  '#e8f4fb',
  '#cfe7f6',
  '#a3d1ee',
  '#74bae5',
  '#4eaade',
  '#2f9bd8',
  '#2187c4',
  '#1273b0',
  '#0d5d8f',
  '#08476e',
]

/** Greys of the dark scheme, from text over borders and surfaces to the page and below. */
const dark: MantineColorsTuple = [
  '#e6e9ed',
  '#b8c0ca',
  '#9aa4b0',
  '#8a94a0',
  '#2a3038',
  '#20262e',
  '#171b21',
  '#0f1216',
  '#0b0e11',
  '#07090b',
]

const system = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'
const mono = 'ui-monospace, "Cascadia Mono", "Source Code Pro", Menlo, Consolas, monospace'

/** Text on filled things is dark where the fill is bright, and fills of danger are the colour that means it elsewhere. */
const resolver: VariantColorsResolver = input => {
  const colours = defaultVariantColorsResolver(input)
  const isBad = input.color === 'red'
  if (input.variant === 'filled') {
    return isBad
      ? { ...colours, background: 'var(--bad)', hover: 'var(--bad)', color: 'var(--on-bad)' }
      : { ...colours, color: 'var(--on-accent)' }
  }
  return isBad && input.variant === 'outline'
    ? { ...colours, color: 'var(--bad)', border: '1px solid var(--bad)', hover: 'var(--hover)' }
    : colours
}

/** Dense and calm: 14/20, an 8 px grid, 6 px corners, no shadows on what does not float. */
export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 5 },
  colors: { accent, dark },
  variantColorResolver: resolver,
  fontFamily: system,
  fontFamilyMonospace: mono,
  fontSizes: { xs: '12px', sm: '14px', md: '14px', lg: '16px', xl: '20px' },
  lineHeights: { xs: '16px', sm: '20px', md: '20px', lg: '24px', xl: '28px' },
  spacing: { xs: '4px', sm: '8px', md: '16px', lg: '24px', xl: '32px' },
  radius: { xs: '2px', sm: '4px', md: '6px', lg: '6px', xl: '6px' },
  defaultRadius: 'md',
  headings: {
    fontFamily: system,
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '20px', lineHeight: '28px' },
      h2: { fontSize: '16px', lineHeight: '24px' },
      h3: { fontSize: '14px', lineHeight: '20px' },
    },
  },
  respectReducedMotion: true,
  cursorType: 'pointer',
  components: {
    Button: { defaultProps: { size: 'sm', variant: 'filled' } },
    Modal: { defaultProps: { centered: true, transitionProps: { duration: 100 } } },
    // The first item has the focus: a place before it would be no item of the menu.
    Menu: { defaultProps: { transitionProps: { duration: 100 }, withInitialFocusPlaceholder: false } },
    Tooltip: { defaultProps: { openDelay: 400, transitionProps: { duration: 100 } } },
  },
})

/** Grey carries the layout; colour is for state and data. All of it by names, so that nothing else spells a colour. */
export const variables: CSSVariablesResolver = () => ({
  variables: {
    // what a node does, by the bar at its top
    '--kind-source': '#0072b2',
    '--kind-route': '#e69f00',
    '--kind-transform': '#009e73',
    '--kind-stateful': '#cc79a7',
    '--kind-sink': '#d55e00',
    '--kind-structure': '#8a94a0',
  },
  light: {
    '--mantine-color-body': '#fff',
    '--mantine-color-text': '#1b1f24',
    '--mantine-color-dimmed': '#57606a',
    '--mantine-color-placeholder': '#6b7480',
    '--mantine-color-default-border': '#e3e6ea',
    '--mantine-color-error': '#b3261e',
    '--page': '#f7f8fa',
    '--surface': '#fff',
    '--hover': '#eef0f3',
    '--border': '#e3e6ea',
    '--accent': '#1273b0',
    '--on-accent': '#fff',
    '--on-bad': '#fff',
    '--ok': '#1d7a50',
    '--warn': '#8a5a00',
    '--bad': '#b3261e',
    '--line': '#0072b2',
    // Colours of series, after Okabe and Ito; those that a white page would swallow are darker here.
    '--series-1': '#0072b2',
    '--series-2': '#d55e00',
    '--series-3': '#009e73',
    '--series-4': '#b3578a',
    '--series-5': '#b87a00',
    '--series-6': '#2f8fc4',
    '--series-7': '#1b1f24',
    '--series-8': '#857d00',
  },
  dark: {
    '--mantine-color-body': '#171b21',
    '--mantine-color-text': '#e6e9ed',
    '--mantine-color-dimmed': '#9aa4b0',
    '--mantine-color-placeholder': '#8a94a0',
    '--mantine-color-default': '#171b21',
    '--mantine-color-default-hover': '#20262e',
    '--mantine-color-default-border': '#2a3038',
    '--mantine-color-error': '#f2807a',
    '--page': '#0f1216',
    '--surface': '#171b21',
    '--hover': '#20262e',
    '--border': '#2a3038',
    '--accent': '#2f9bd8',
    '--on-accent': '#0f1216',
    '--on-bad': '#0f1216',
    '--ok': '#3fb27f',
    '--warn': '#e0a030',
    '--bad': '#e5534b',
    '--line': '#56b4e9',
    '--series-1': '#56b4e9',
    '--series-2': '#e69f00',
    '--series-3': '#009e73',
    '--series-4': '#cc79a7',
    '--series-5': '#f0e442',
    '--series-6': '#d55e00',
    '--series-7': '#e6e9ed',
    '--series-8': '#2f86c8',
  },
})
