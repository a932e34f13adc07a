import { defineConfig } from 'vitest/config'

// `unit` needs nothing but Node (property and golden tests that call `haproxy -c` are there too,
// they need the haproxy program). `real` needs a running Docker daemon and HAProxy, and runs one
// file at a time; `npm test` has two such runs beside each other, see scripts/lib/vitest-runs.mjs.

// A limit only, as the others here: the default is one second, in which a busy machine may not even
// start a process.
const expectations = { poll: { timeout: 25_000 } }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'test/{architecture,golden,scenarios,property}/**/*.test.ts',
            'drills/**/*.test.ts',
          ],
          testTimeout: 60_000,
          expect: expectations,
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/{integration,e2e,lab}/**/*.test.ts'],
          fileParallelism: false,
          globalSetup: ['test/e2e/support/build.ts', 'test/e2e/support/web-image.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect: expectations,
        },
      },
    ],
  },
})
