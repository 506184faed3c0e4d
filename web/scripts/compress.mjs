// Puts a compressed form beside each text file of the build, for the server to send as it is.
import { readdir, readFile, rename, rmdir, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url)
// What belongs to which page: for the check of sizes, not for the server.
await rename(new URL('.vite/manifest.json', dist), new URL('../.manifest.json', dist))
await rmdir(new URL('.vite', dist))

const texts = /\.(js|css|html|svg|json)$/
// Smaller files fit into one packet either way.
const least = 1024

for (const name of await readdir(dist, { recursive: true })) {
  if (!texts.test(name)) continue
  const plain = await readFile(new URL(name, dist))
  if (plain.length < least) continue
  const packed = gzipSync(plain, { level: 9 })
  if (packed.length < plain.length) await writeFile(new URL(`${name}.gz`, dist), packed)
}
