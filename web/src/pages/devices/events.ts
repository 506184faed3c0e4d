/** What happens to devices, in words. */

const HAPPENED: Record<string, string> = {
  created: 'Made',
  updated: 'Changed',
  deleted: 'Deleted',
  connected: 'Connected',
  disconnected: 'Disconnected',
  token_rotated: 'New token',
  token_revoked: 'Token taken away',
}

export const happened = (action: string): string => HAPPENED[action] ?? action

/** What else there is to say. */
export function more(details: Record<string, unknown>): string {
  const said = []
  if (Array.isArray(details['fields'])) said.push(details['fields'].join(', '))
  if (typeof details['overlap_s'] === 'number' && details['overlap_s'] > 0)
    said.push(`the old one is valid for ${details['overlap_s'].toLocaleString('en')} s more`)
  if (typeof details['skipped'] === 'number') said.push(`${details['skipped']} more before it`)
  return said.join(' · ')
}
