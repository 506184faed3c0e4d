/** How flows are, in words, for the list and wherever a flow is named. */
import type { FlowState } from '../../api/flow_metrics'
import type { FlowSummary } from '../../api/flows'

export type Tone = 'ok' | 'warn' | 'bad' | 'dim'

export interface Said {
  word: string
  tone: Tone
  /** What it means, where the word does not say it. */
  help: string
}

export const states: Record<FlowState | 'draft', Said> = {
  draft: { word: 'Draft', tone: 'dim', help: 'It is not deployed: nothing of it runs.' },
  pending: { word: 'Starting', tone: 'dim', help: 'It is about to run.' },
  running: { word: 'Running', tone: 'ok', help: 'It takes readings as they come.' },
  slowed: { word: 'Slowed', tone: 'warn', help: 'It takes too much and runs apart: its results come late.' },
  restarting: { word: 'Restarting', tone: 'warn', help: 'A node failed and is begun anew in a moment.' },
  failed: { word: 'Failed', tone: 'bad', help: 'A node failed too often. Deploy it again to begin anew.' },
  refused: {
    word: 'Cannot run',
    tone: 'bad',
    help: 'It should run and cannot. Open it to see what is wrong.',
  },
  suspended: {
    word: 'Suspended',
    tone: 'bad',
    help: 'It could not keep up and was stopped. Deploy it to try again.',
  },
  stopped: { word: 'Draft', tone: 'dim', help: 'It is not deployed: nothing of it runs.' },
}

/** How a flow of the list is. One that does not say so in time is about to. */
export function stateOf(flow: Pick<FlowSummary, 'state' | 'is_active'>): FlowState | 'draft' {
  if (flow.state) return flow.state
  return flow.is_active ? 'pending' : 'draft'
}

/** Which version runs, and whether somebody has drawn on since. */
export function versionOf(flow: Pick<FlowSummary, 'version' | 'deployed_version'>): string {
  const { version, deployed_version } = flow
  if (deployed_version === null) return 'not deployed'
  return version > deployed_version ? `${deployed_version}, draft is newer` : String(deployed_version)
}
