/** What can be done to a dashboard as a whole. */
import { api, forgetOnceKey, onceKey, take } from '../../api/client'
import { deviceNameQuery, fetchStored, flowNodesQuery } from '../../api/dashboards'
import { queryClient } from '../../api/queries'
import { type Board, boardOf } from './model/board'
import { fileName, fileOf, type Names } from './model/file'
import { save } from './save'

/** Makes a dashboard with all its widgets; the answer is its id. */
export async function create(organization_id: string, board: Board): Promise<string> {
  const { name, description, update_frequency, project_id } = board
  const body = { organization_id, name, description, update_frequency, project_id }
  const header = { 'Idempotency-Key': onceKey(body) }
  const template = await take(api.POST('/api/v1/dashboard-templates', { body, params: { header } }))
  forgetOnceKey()
  if (board.items.length > 0) {
    const { problem } = await save({ template, widgets: [] }, board)
    if (problem) {
      // An empty one would be taken for what was asked for.
      await remove(template.id)
      throw problem
    }
  }
  forgetDashboards()
  return template.id
}

/** To be called when dashboards were made, changed or removed. */
export function forgetDashboards(): void {
  void queryClient.invalidateQueries({ queryKey: ['dashboards'] })
}

export async function duplicate(id: string): Promise<string> {
  const { template, widgets } = await fetchStored(id)
  const board = boardOf(template, widgets)
  return create(template.organization_id, { ...board, name: `${board.name.slice(0, 195)} copy` })
}

export async function rename(id: string, name: string, description: string): Promise<void> {
  const params = { path: { id } }
  await take(api.PATCH('/api/v1/dashboard-templates/{id}', { params, body: { name, description } }))
  forgetDashboards()
  void queryClient.invalidateQueries({ queryKey: ['dashboard', id] })
}

export async function remove(id: string): Promise<void> {
  await take(api.DELETE('/api/v1/dashboard-templates/{id}', { params: { path: { id } } }))
  forgetDashboards()
}

/** Gives the dashboard as a file to the browser. */
export async function exportFile(id: string): Promise<void> {
  const { template, widgets } = await fetchStored(id)
  const board = boardOf(template, widgets)
  const text = JSON.stringify(fileOf(board, await namesOf(board)), null, 2)
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const anchor = document.createElement('a')
  anchor.href = url
  anchor.download = fileName(board)
  anchor.click()
  // After the click was handled; the browser has the bytes by then.
  setTimeout(() => URL.revokeObjectURL(url), 0)
}

/** What the devices and flows are called that feed a dashboard. One that is gone has no name. */
async function namesOf(board: Board): Promise<Names> {
  const devices = new Set<string>()
  const flows = new Set<string>()
  for (const { source } of board.items) {
    if (source.data_source_type === 'device_sensor') devices.add(source.device_id)
    if (source.data_source_type === 'flow_node') flows.add(source.flow_id)
  }
  const named = async (ids: Set<string>, ask: (id: string) => Promise<string | null | undefined>) => {
    const found = await Promise.all([...ids].map(async id => [id, await ask(id)] as const))
    return Object.fromEntries(
      found.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    )
  }
  return {
    devices: await named(devices, id => queryClient.fetchQuery(deviceNameQuery(id))),
    flows: await named(flows, async id => (await queryClient.fetchQuery(flowNodesQuery(id)))?.name),
  }
}
