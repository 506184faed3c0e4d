/** Coming and going: what of the page belongs to who is logged in. */
import { api, take } from './api/client'
import { meQuery, queryClient } from './api/queries'
import { link } from './live/hooks'

/** To be called when somebody has logged in. */
export async function begin(): Promise<void> {
  link.stop()
  queryClient.clear()
  await queryClient.fetchQuery(meQuery)
}

/** Ends the session here and on the server. */
export async function end(): Promise<void> {
  await take(api.POST('/api/v1/auth/logout'))
  link.stop()
  queryClient.clear()
  queryClient.setQueryData(meQuery.queryKey, null)
}
