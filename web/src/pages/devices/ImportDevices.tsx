import { Button, FileInput, Modal, Progress } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { makeDevices } from '../../api/devices'
import { save } from '../../api/files'
import { queryClient } from '../../api/queries'
import { CheckIcon, DownloadIcon, WarnIcon } from '../../parts/icons'
import { Trouble } from '../../parts/Trouble'
import { type Parsed, parse, reason, type Told, tokensCsv } from './bulk'
import classes from './ImportDevices.module.css'

interface Props {
  close: () => void
  organization: string
}

/** Makes many devices from a file. Their tokens are told once: they are offered as a file to keep. */
export function ImportDevices({ close, organization }: Props) {
  const [file, setFile] = useState<File | null>(null)
  const [parsed, setParsed] = useState<Parsed>()
  const [told, setTold] = useState<Told[]>([])
  const [kept, setKept] = useState(false)
  const run = useMutation({
    mutationFn: async ({ rows }: Parsed) => {
      const answers: Told[] = []
      setTold([])
      setKept(false)
      const bodies = rows.map(({ fields }) => ({ ...fields, organization_id: organization }))
      try {
        await makeDevices(bodies, answer => {
          answers.push(answer)
          if (answers.length % 100 === 0) setTold([...answers])
        })
      } finally {
        setTold(answers)
      }
    },
    onSettled: () => {
      void queryClient.resetQueries({ queryKey: ['devices'] })
      void queryClient.invalidateQueries({ queryKey: ['fleet'] })
    },
  })
  const choose = async (next: File | null) => {
    run.reset()
    setTold([])
    setFile(next)
    setParsed(next ? parse(await next.text(), /json/i.test(next.name.split('.').at(-1) ?? '')) : undefined)
  }
  const made = told.flatMap(one => ('device' in one ? [{ ...one.device, token: one.token }] : []))
  const mustKeep = made.length > 0 && !kept && !run.isPending
  return (
    <Modal
      opened
      onClose={close}
      title="Import devices"
      size="lg"
      closeOnClickOutside={false}
      closeOnEscape={!mustKeep && !run.isPending}
      withCloseButton={!mustKeep && !run.isPending}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack">
        {told.length === 0 && (
          <>
            <div>
              A CSV file whose first line names the columns: <span className="mono">name</span>, and{' '}
              <span className="mono">device_type</span> and <span className="mono">description</span> if you
              want. Or a JSON object with these fields per line. At most 5,000 devices.
            </div>
            <FileInput
              label="File"
              placeholder="Choose a file"
              accept=".csv,.ndjson,.jsonl,.json,text/csv,application/x-ndjson"
              value={file}
              onChange={choose}
              disabled={run.isPending}
              error={parsed?.problem && `Line ${parsed.problem.line}: ${parsed.problem.message}`}
              data-autofocus
            />
          </>
        )}
        {parsed && !parsed.problem && told.length === 0 && !run.isPending && <Preview parsed={parsed} />}
        {run.isPending && parsed && (
          <Progress
            value={(told.length / parsed.rows.length) * 100}
            aria-label={`${told.length} of ${parsed.rows.length}`}
          />
        )}
        {run.error && <Trouble error={run.error} />}
        {told.length > 0 && parsed && !run.isPending && <Report told={told} parsed={parsed} />}
        {mustKeep && (
          <div className="row" style={{ color: 'var(--warn)', flexWrap: 'nowrap' }}>
            <WarnIcon />
            Each device has a token, which is told this once. Save them before you close this.
          </div>
        )}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          {made.length > 0 && !run.isPending && (
            <Button
              leftSection={<DownloadIcon />}
              variant={kept ? 'default' : 'filled'}
              onClick={() => {
                save(new Blob([tokensCsv(made)], { type: 'text/csv' }), 'device-tokens.csv')
                setKept(true)
              }}
            >
              Save the tokens
            </Button>
          )}
          <Button variant="default" onClick={close} disabled={run.isPending}>
            {mustKeep ? 'Close without the tokens' : 'Close'}
          </Button>
          {told.length === 0 && (
            <Button
              onClick={() => parsed && run.mutate(parsed)}
              disabled={!parsed || parsed.problem !== undefined}
              loading={run.isPending}
            >
              {parsed && !parsed.problem ? `Make ${parsed.rows.length} devices` : 'Make the devices'}
            </Button>
          )}
        </div>
      </div>
    </Modal>
  )
}

const PREVIEW = 5

function Preview({ parsed: { rows } }: { parsed: Parsed }) {
  return (
    <div className={classes['box']}>
      <table className={classes['table']}>
        <caption className="dim">
          {rows.length > PREVIEW ? `The first ${PREVIEW} of ${rows.length}` : 'What will be made'}
        </caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Kind</th>
            <th scope="col">Description</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, PREVIEW).map(({ line, fields }) => (
            <tr key={line}>
              <td>{text(fields['name'])}</td>
              <td>{text(fields['device_type'])}</td>
              <td>{text(fields['description'])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const text = (value: unknown) =>
  value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)

function Report({ told, parsed }: { told: Told[]; parsed: Parsed }) {
  const refused = told.filter(one => !('device' in one))
  const made = told.length - refused.length
  return (
    <div className="stack" style={{ gap: 8 }}>
      <div className="row" role="status" style={{ color: refused.length > 0 ? 'var(--warn)' : 'var(--ok)' }}>
        {refused.length > 0 ? <WarnIcon /> : <CheckIcon />}
        {made} made{refused.length > 0 && `, ${refused.length} not`}
      </div>
      {refused.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className={classes['box']} tabIndex={0} aria-label="Not made">
          <table className={classes['table']}>
            <thead>
              <tr>
                <th scope="col">Line</th>
                <th scope="col">Name</th>
                <th scope="col">Why it was not made</th>
              </tr>
            </thead>
            <tbody>
              {refused.slice(0, 200).map(one => {
                // The server counts what it was sent, which are the rows one after the other.
                const row = parsed.rows[one.line - 1]
                return (
                  <tr key={one.line}>
                    <td>{row?.line}</td>
                    <td>{text(row?.fields['name'])}</td>
                    <td>{reason(one)}</td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </section>
      )}
      {refused.length > 200 && <div className="dim">The first 200 of {refused.length}.</div>}
    </div>
  )
}
