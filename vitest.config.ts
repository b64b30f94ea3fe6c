import { readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const packages = readdirSync(new URL('packages', import.meta.url))
const projects: { name: string; root: string; include?: string[] }[] = [
  ...packages.map((name) => ({ name, root: `packages/${name}` })),
  { name: 'genesis', root: 'genesis' },
  { name: 'node', root: 'node' },
  { name: 'examples', root: 'examples', include: ['*.test.ts'] },
]

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    passWithNoTests: true,
    projects: [
      ...projects.map(({ name, root, include = ['test/**/*.test.ts'] }) => ({
        extends: true as const,
        // Generous: nothing may fail because the machine is busy.
        test: { name, root, include, testTimeout: 60_000 },
      })),
      {
        extends: true as const,
        test: {
          name: 'system',
          root: 'test',
          include: ['**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
    coverage: { provider: 'v8', include: ['packages/*/src/**', 'genesis/src/**', 'node/src/**'] },
  },
})
