/** A first dashboard of a device: for each of its sensors what suits its values. */
import type { Schemas } from '../../../api/client'
import type { Board, Item, WidgetType } from './board'
import { emptyBoard } from './board'
import { added } from './edits'

/** More would be refused; a device with so many sensors gets a dashboard of the first. */
const MOST_WIDGETS = 200

type Sensor = Pick<Schemas['Sensor'], 'sensor_type' | 'units' | 'latest'>

export function fromDevice(device: { id: string; name: string }, sensors: readonly Sensor[]): Board {
  let board = emptyBoard(device.name)
  for (const sensor of sensors) {
    const name = sensor.sensor_type
    const add = (type: WidgetType, w: number, h: number) => {
      if (board.items.length >= MOST_WIDGETS) return
      const item: Item = {
        widget_id: `${type}-${board.items.length + 1}`,
        title: type === 'time_series' ? `${name} over time` : name,
        widget_type: type,
        widget_config: {},
        source: { data_source_type: 'device_sensor', device_id: device.id, sensor_type: name },
        aggregation: 'last',
        refresh_interval: 1_000,
        max_samples: type === 'time_series' ? 300 : 50,
      }
      board = added(board, item, { w, h, minW: 2, minH: 2 })
    }
    switch (kindOfValue(sensor.latest)) {
      case 'number':
        add('stat_panel', 3, 4)
        add('time_series', 9, 4)
        break
      case 'word':
        add('status', 3, 2)
        break
      case 'object':
        add('table', 6, 4)
        break
    }
  }
  return board
}

/** A value that is no number stands in `raw_data`, and true and false do too. */
function kindOfValue(latest: Sensor['latest']): 'number' | 'word' | 'object' {
  const raw: unknown = latest?.raw_data
  if (raw === undefined || raw === null) return 'number'
  return typeof raw === 'object' ? 'object' : 'word'
}
