// What a browser loads before it shows a page: the page's own file, the shell and all that they import. Budgets are of gzip.
import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('.manifest.json', import.meta.url), 'utf8'))

function scripts(names, found = new Set()) {
  for (const name of names) {
    const chunk = manifest[name]
    if (!chunk) throw new Error(`there is no ${name} in the build: name its page here anew`)
    if (found.has(chunk.file)) continue
    found.add(chunk.file)
    scripts(chunk.imports ?? [], found)
  }
  return found
}

const page = (name, limit, ...files) => ({
  name,
  limit,
  path: [...scripts(['index.html', ...files])].map(file => `dist/${file}`),
  gzip: true,
})

const shell = 'src/shell/Shell.tsx'

export default [
  page('login', '150 kB', 'src/pages/entry/Entry.tsx'),
  page('overview', '230 kB', shell, 'src/pages/overview/Overview.tsx'),
  page('devices', '230 kB', shell, 'src/pages/devices/Devices.tsx'),
  page('flow editor', '280 kB', shell, 'src/pages/flows/editor/EditorPage.tsx'),
  page('device', '230 kB', shell, 'src/pages/devices/Device.tsx'),
  page('dashboards', '230 kB', shell, 'src/pages/dashboards/Dashboards.tsx'),
  page('dashboard', '230 kB', shell, 'src/pages/dashboards/Dashboard.tsx'),
  page('dashboard editor', '280 kB', shell, 'src/pages/dashboards/edit/Edit.tsx'),
  page('shared dashboard', '230 kB', 'src/pages/dashboards/Shared.tsx'),

  page('flows', '230 kB', shell, 'src/pages/flows/Flows.tsx'),
  page('flow versions', '230 kB', shell, 'src/pages/flows/versions/VersionsPage.tsx'),
  page('flow runs', '230 kB', shell, 'src/pages/flows/runs/RunsPage.tsx'),

  page(
    'readings of a device',
    '280 kB',
    shell,
    'src/pages/devices/Device.tsx',
    'src/pages/devices/Readings.tsx',
  ),
  page('explorer', '280 kB', shell, 'src/pages/explore/Explorer.tsx'),
  ...['Profile', 'Sessions', 'Tokens', 'Audit', 'Organization', 'Members', 'Projects', 'ProjectPage'].map(
    name =>
      page(
        `settings: ${name}`,
        '230 kB',
        shell,
        'src/pages/settings/Settings.tsx',
        `src/pages/settings/${name}.tsx`,
      ),
  ),
]
