import { Button, FileInput, Modal } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { importReadings } from '../../api/files'
import { queryClient } from '../../api/queries'
import { CheckIcon, WarnIcon } from '../../parts/icons'
import { DeviceSelect } from '../../parts/SearchSelect'
import { Trouble } from '../../parts/Trouble'
import classes from './Explore.module.css'

interface Props {
  close: () => void
  organization: string
  /** The only device that it is about, on the device's page. */
  device?: string
}

/** Readings from a file, with an answer for each line that was refused. */
export function ImportDialog({ close, organization, device }: Props) {
  const [file, setFile] = useState<File | null>(null)
  const [chosen, setChosen] = useState<string | null>(device ?? null)
  const run = useMutation({
    mutationFn: (file: File) => importReadings(file, chosen ?? undefined),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ['history-lines'] })
      void queryClient.invalidateQueries({ queryKey: ['sensors'] })
    },
  })
  return (
    <Modal
      opened
      onClose={close}
      title="Import readings"
      size="lg"
      closeOnClickOutside={!run.isPending}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className="stack"
        onSubmit={event => {
          event.preventDefault()
          if (file) run.mutate(file)
        }}
      >
        <div>
          A CSV file whose first line names the columns{' '}
          <span className="mono">sensor_type, value, timestamp</span>, or a JSON object per line with these
          fields: as an export has them. <span className="mono">unit</span> and{' '}
          <span className="mono">raw_data</span> may be left out.
        </div>
        <FileInput
          label="File"
          placeholder="Choose a file"
          accept=".csv,.ndjson,.jsonl,.json,text/csv,application/x-ndjson"
          value={file}
          onChange={next => {
            setFile(next)
            run.reset()
          }}
          clearable
          clearButtonProps={{ 'aria-label': 'Choose no file' }}
        />
        {!device && (
          <DeviceSelect
            label="Device"
            description="May be left empty if the lines have a device_id."
            placeholder="As the lines say"
            organization={organization}
            value={chosen}
            onChange={setChosen}
            clearable
            clearButtonProps={{ 'aria-label': 'As the lines say' }}
          />
        )}
        {run.error && <Trouble error={run.error} />}
        {run.data && <Report report={run.data} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={close}>
            Close
          </Button>
          <Button type="submit" disabled={!file} loading={run.isPending}>
            Import
          </Button>
        </div>
      </form>
    </Modal>
  )
}

interface Told {
  accepted: number
  repeated: number
  refused: number
  errors: { line: number; field?: string | null; message: string }[]
}

function Report({ report: { accepted, repeated, refused, errors } }: { report: Told }) {
  return (
    <div className="stack" style={{ gap: 8 }} role="status">
      <div className="row" style={{ color: refused > 0 ? 'var(--warn)' : 'var(--ok)' }}>
        {refused > 0 ? <WarnIcon /> : <CheckIcon />}
        <span>
          {accepted} stored, {refused} refused
          {repeated > 0 && `, ${repeated} skipped: this file was sent before`}
        </span>
      </div>
      {errors.length > 0 && (
        <>
          <section
            className={classes['scroller']}
            style={{ maxHeight: 240 }}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
            tabIndex={0}
            aria-label="Refused lines"
          >
            <table className={classes['table']}>
              <thead>
                <tr>
                  <th scope="col">Line</th>
                  <th scope="col" style={{ textAlign: 'left' }}>
                    Why it was refused
                  </th>
                </tr>
              </thead>
              <tbody>
                {errors.map(({ line, field, message }) => (
                  <tr key={`${line} ${field}`}>
                    <th scope="row">{line}</th>
                    <td style={{ textAlign: 'left', whiteSpace: 'normal' }}>
                      {field && <span className="mono">{field} </span>}
                      {message}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
          <div className="dim">
            {refused > errors.length && `The first ${errors.length} of ${refused}. `}
            The others are stored. Put the refused lines, mended, into a file of their own and import that.
          </div>
        </>
      )}
    </div>
  )
}
