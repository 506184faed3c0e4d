import { Button } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { choose } from '../organization'

const NewOrganization = lazy(async () => ({
  default: (await import('../shell/NewOrganization')).NewOrganization,
}))

/** For who is a member of no organization: there is nothing to show them yet. */
export function NoOrganization() {
  const [makes, setMakes] = useState(false)
  return (
    <div className="panel stack" style={{ alignItems: 'flex-start' }}>
      <h1 style={{ margin: 0 }}>You are in no organization</h1>
      <div>
        Ask an admin of one to add you by your e-mail address, then reload the page. Or make one of your own.
      </div>
      <Button onClick={() => setMakes(true)}>Make an organization</Button>
      {makes && (
        <Suspense>
          <NewOrganization close={() => setMakes(false)} done={choose} />
        </Suspense>
      )}
    </div>
  )
}
