/** What somebody logged in with, from what it says of itself: for people to know their sessions by. */

/** Those that also call themselves something else come first. */
const BROWSERS: [RegExp, string][] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(HeadlessChrome|Chrome|CriOS)\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
]

const SYSTEMS: [RegExp, string][] = [
  [/\bAndroid\b/, 'Android'],
  [/\b(iPhone|iPad)\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

const find = (all: [RegExp, string][], text: string) => all.find(([known]) => known.test(text))?.[1]

/** As "Firefox on Linux"; of a program its own first word, as "curl/8.5". Nothing where nothing was said. */
export function clientOf(userAgent: string | null | undefined): string | undefined {
  if (!userAgent) return undefined
  const [browser, system] = [find(BROWSERS, userAgent), find(SYSTEMS, userAgent)]
  if (!browser) return userAgent.split(/\s/)[0]?.slice(0, 64)
  return system ? `${browser} on ${system}` : browser
}
