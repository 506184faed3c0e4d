import { defineConfig } from 'vitest/config'

// One browser at a time: the tests share two cores with the server that they start.
export default defineConfig({
  test: { include: ['e2e/**/*.test.ts'], fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000 },
})
