/** Coming and going: what of the page belongs to who is logged in. */
import { api, take } from './api/client'
import { meQuery, queryClient } from './api/queries'

/** To be called when somebody has logged in. */
export async function begin(): Promise<void> {
  await unlink()
  queryClient.clear()
  await queryClient.fetchQuery(meQuery)
}

/** Ends the session here and on the server. */
export async function end(): Promise<void> {
  await take(api.POST('/api/v1/auth/logout'))
  await unlink()
  queryClient.clear()
  queryClient.setQueryData(meQuery.queryKey, null)
}

/** What is live belongs to who is logged in. The login itself has nothing live, and does not load what makes it. */
async function unlink(): Promise<void> {
  const { link } = await import('./live/hooks')
  link.stop()
}
