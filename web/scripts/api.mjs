// Writes src/api/schema.d.ts from the committed description of the API; with --check it only compares.
import { readFile, writeFile } from 'node:fs/promises'
import openapiTS, { astToString } from 'openapi-typescript'

const document = new URL('../../docs/openapi.json', import.meta.url)
const written = new URL('../src/api/schema.d.ts', import.meta.url)

const head = '// Generated from docs/openapi.json by `npm run api`. Do not edit.\n\n'
const text = head + astToString(await openapiTS(document, { defaultNonNullable: false }))

if (process.argv.includes('--check')) {
  const committed = await readFile(written, 'utf8').catch(() => '')
  if (committed !== text) {
    console.error('web/src/api/schema.d.ts is not what docs/openapi.json says: run `npm run api` in web/')
    process.exit(1)
  }
} else {
  await writeFile(written, text)
}
