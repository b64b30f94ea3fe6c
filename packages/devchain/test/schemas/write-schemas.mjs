// Writes the schemas of results from a clone of https://github.com/ethereum/execution-apis (CC0): node write-schemas.mjs CLONE
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parse } from 'yaml'

const [clone = '.'] = process.argv.slice(2)
const git = (...words) => execFileSync('git', ['-C', clone, ...words], { encoding: 'utf8' })
const read = (file) => parse(git('show', `HEAD:${file}`))
const files = git('ls-tree', '-r', '--name-only', 'HEAD', 'src').split('\n')
const yaml = (...folders) =>
  files.filter(
    (file) => file.endsWith('.yaml') && folders.some((each) => file.startsWith(`src/${each}/`)),
  )

/** What people read says nothing to a validator. */
const withoutWords = (key, value) =>
  key === 'description' || key === 'examples' ? undefined : value

const schemas = Object.assign({}, ...yaml('schemas').map(read))
const methods = yaml('eth', 'debug', 'txpool').flatMap(read)
const document = {
  source: 'https://github.com/ethereum/execution-apis',
  commit: git('rev-parse', 'HEAD').trim(),
  license: 'CC0-1.0',
  results: Object.fromEntries(methods.map(({ name, result }) => [name, result.schema])),
  components: { schemas },
}
writeFileSync(
  new URL('execution-apis.json', import.meta.url),
  `${JSON.stringify(document, withoutWords, 1)}\n`,
)
