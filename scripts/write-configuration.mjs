/** Writes docs/configuration.md and node/schema from the schema in node/src/config: `npm run configuration`. */
import { readFile, writeFile } from 'node:fs/promises'
import { formatReference, formatSchema } from '../node/src/commands/config.ts'

const PAGE = new URL('../docs/configuration.md', import.meta.url)
let page = await readFile(PAGE, 'utf8')
for (const kind of ['node', 'relayer']) {
  await writeFile(new URL(`../node/schema/${kind}.json`, import.meta.url), formatSchema(kind))
  const heading = page.indexOf(`## \`mosaic ${kind}\``)
  const begin = page.indexOf('| in the file', heading)
  if (heading < 0 || begin < 0) throw new Error(`expected a table of ${kind} in ${PAGE.pathname}`)
  const end = page.indexOf('\n\n', begin)
  page = page.slice(0, begin) + formatReference(kind).trimEnd() + (end < 0 ? '\n' : page.slice(end))
}
await writeFile(PAGE, page)
