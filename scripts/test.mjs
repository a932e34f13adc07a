// `npm test [-- VITEST ARGUMENTS]`: sets up, then runs every check and test there is. Nothing is
// skipped for a missing part: what apt cannot bring ends the run with the command that installs it.
// Ends with one plain line, `N passed, N failed`; a failed check counts as one failure.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBaseArchive } from './lib/base-image.mjs'
import { ensureComposes } from './lib/compose.mjs'
import { ensureConsul } from './lib/consul.mjs'
import { ensureDocker } from './lib/docker.mjs'
import { ensureHaproxies } from './lib/haproxies.mjs'
import { ensureNodeModules, root } from './lib/node-modules.mjs'
import { canUseApt } from './lib/platform.mjs'
import { ensureHaproxy, ensureProgram } from './lib/programs.mjs'
import { runMain, say, SetupError } from './lib/progress.mjs'

const checks = [
  { name: 'types', script: 'node_modules/typescript/bin/tsc', args: ['--noEmit'] },
  {
    name: 'lint',
    script: 'node_modules/oxlint/bin/oxlint',
    args: ['--type-aware', '--deny-warnings'],
  },
  { name: 'format', script: 'node_modules/oxfmt/bin/oxfmt', args: ['--check'] },
  { name: 'build', script: 'scripts/build.mjs', args: [] },
]

await runMain(async () => {
  const filters = process.argv.slice(2)
  section('setup')
  await ensureHaproxy()
  await ensureHaproxies()
  await ensureDocker()
  await ensureConsul()
  // What the tests make images and certificates of.
  await ensureProgram('busybox', 'busybox-static')
  await ensureProgram('openssl', 'openssl')
  // What they make a second Docker host's network of.
  await ensureProgram('ip', 'iproute2')
  // What the units of deploy/systemd run under; it is not this machine's process 1.
  await ensureProgram('systemd-analyze', 'systemd')
  await ensureNodeModules()
  if (canUseApt()) {
    // What the lab's hosts run, which reach no registry.
    await ensureComposes()
    await ensureBaseArchive()
  }
  say('everything is there')

  const failedChecks = []
  for (const { name, script, args } of checks) {
    section(name)
    if ((await node(script, args)) !== 0) failedChecks.push(name)
  }
  section('tests')
  const tests = await runTests(filters)

  section('result')
  for (const name of failedChecks) console.log(`The ${name} check failed.`)
  for (const reason of tests.reasons) console.log(reason)
  const failed = tests.failed + failedChecks.length + tests.reasons.length
  console.log(`${tests.passed} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
})

function section(name) {
  console.log(`\n== ${name} ${'='.repeat(76 - name.length)}`)
}

/** Runs a JavaScript program of the project with its output on the terminal; gives its exit code. */
function node(script, args) {
  return new Promise((resolve) => {
    const stdio = ['ignore', 'inherit', 'inherit']
    const child = spawn(process.execPath, [join(root, script), ...args], { cwd: root, stdio })
    child.once('close', (code) => resolve(code ?? 1))
  })
}

async function runTests(filters) {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-test-'))
  const reportFile = join(folder, 'vitest.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
    const code = await node('node_modules/vitest/vitest.mjs', ['run', ...reporters, ...filters])
    if (!existsSync(reportFile)) throw new SetupError(`vitest ended with ${code} and no report.`)
    return count(JSON.parse(readFileSync(reportFile, 'utf8')), code, filters.length > 0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// Vitest's JSON counts tests; a file that cannot be loaded has none and must count all the same.
// A filter by name leaves tests out on purpose; without one, a skipped test is a failure.
function count(report, code, isFiltered) {
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  )
  const skipped = report.numPendingTests + report.numTodoTests
  const reasons = broken.map((file) => `${file.name} could not be run.`)
  if (skipped > 0 && !isFiltered) reasons.push(`${skipped} tests were skipped; none may be.`)
  if (code !== 0 && report.numFailedTests === 0 && reasons.length === 0) {
    reasons.push(`vitest ended with exit code ${code}.`)
  }
  return { passed: report.numPassedTests, failed: report.numFailedTests, reasons }
}
