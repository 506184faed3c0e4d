/** How much goes over an edge, from what its node counts. */
import type { FlowMetrics, NodeMetrics } from '../../../api/flow_metrics'

/** Ports whose records a node counts by themselves, and under which name. */
const COUNTED: Record<string, 'errors' | 'late' | 'filtered' | undefined> = {
  error: 'errors',
  late: 'late',
  else: 'filtered',
  rejected: 'filtered',
  unmatched: 'filtered',
}

/** Two looks at a flow, the newer first, each with when it was taken in ms. */
export interface Looks {
  now: { at: number; metrics: FlowMetrics }
  before: { at: number; metrics: FlowMetrics } | undefined
}

/** Records a second that leave a node by a port; nothing where that cannot be known. */
export function rateOf({ now, before }: Looks, node: string, port: string): number | undefined {
  const counts = nodeOf(now.metrics, node)
  if (!counts) return undefined
  if (port === 'out') return counts.out_per_s
  const key = COUNTED[port]
  const earlier = before && nodeOf(before.metrics, node)
  // another version counts from nothing
  const isSame = before && before.metrics.installed_at === now.metrics.installed_at
  if (!key || !earlier || !isSame || now.at <= before.at) return undefined
  return Math.max(0, ((counts[key] - earlier[key]) * 1_000) / (now.at - before.at))
}

export function nodeOf(metrics: FlowMetrics, id: string): NodeMetrics | undefined {
  return metrics.nodes?.find(node => node.id === id)
}

/** A rate in as few letters as an edge has room for. */
export function rateText(rate: number): string {
  if (rate <= 0) return '0/s'
  if (rate < 0.1) return '<0.1/s'
  if (rate < 10) return `${rate.toFixed(1)}/s`
  if (rate < 1_000) return `${Math.round(rate)}/s`
  return `${(rate / 1_000).toFixed(rate < 10_000 ? 1 : 0)}k/s`
}

const LETTERS = 14

/** What stands on an edge: the newest value and the rate, as far as they are known. */
export function edgeText(value: string | undefined, rate: number | undefined): string {
  const short = value !== undefined && value.length > LETTERS ? `${value.slice(0, LETTERS - 1)}…` : value
  return [short, rate === undefined ? undefined : rateText(rate)]
    .filter(part => part !== undefined)
    .join(' · ')
}
