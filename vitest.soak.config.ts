import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    root: 'test',
    include: ['**/*.soak.ts', 'faults/*.test.ts'],
    testTimeout: 400_000,
    fileParallelism: false,
    hookTimeout: 120_000,
  },
})
