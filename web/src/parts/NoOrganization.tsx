/** For who is a member of no organization: there is nothing to show them. */
export function NoOrganization() {
  return (
    <div className="panel">
      <h1 style={{ marginTop: 0 }}>You are in no organization</h1>
      <p>Ask an admin of one to add you by your e-mail address, then reload the page.</p>
    </div>
  )
}
