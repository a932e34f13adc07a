// `npm test [-- VITEST ARGUMENTS]`: sets up, then runs every check and test there is. Nothing is
// skipped for a missing part: what apt cannot bring ends the run with the command that installs it.
// One exception: where there cannot be several hosts on one machine (no root, no namespaces), their
// tests are left out, which is said; not in CI.
// Ends with one plain line, `N passed, N failed`; a failed check counts as one failure.

import { spawn } from 'node:child_process'
import { join, relative } from 'node:path'
import { ensureBaseArchive } from './lib/base-image.mjs'
import { ensureConsul } from './lib/consul.mjs'
import { ensureDocker } from './lib/docker.mjs'
import { ensureHaproxies } from './lib/haproxies.mjs'
import { ensureLab } from './lib/lab.mjs'
import { ensureNodeModules, root } from './lib/node-modules.mjs'
import { ensureHaproxy, ensureProgram } from './lib/programs.mjs'
import { runMain, say, SetupError } from './lib/progress.mjs'
import { allTests, filesNotRunOnce, runVitest } from './lib/vitest-runs.mjs'

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
  const hasLab = await bringLab()
  say(hasLab ? 'everything is there' : 'left out: test/lab')

  const failedChecks = []
  for (const { name, script, args } of checks) {
    section(name)
    if ((await node(script, args)) !== 0) failedChecks.push(name)
  }
  section('tests')
  const tests = await runTests(filters, hasLab)

  section('result')
  for (const name of failedChecks) console.log(`The ${name} check failed.`)
  for (const reason of tests.reasons) console.log(reason)
  for (const line of tests.failures) console.log(line)
  const failed = tests.failed + failedChecks.length + tests.reasons.length
  console.log(`${tests.passed} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
})

function section(name) {
  console.log(`\n== ${name} ${'='.repeat(76 - name.length)}`)
}

/**
 * Brings what the tests on several hosts need. Where they cannot be, a developer is told why and they
 * are left out: false; in CI that is a failure.
 */
async function bringLab() {
  try {
    await ensureLab()
    // What the images on the lab's hosts are built on, since those reach no registry.
    await ensureBaseArchive()
    return true
  } catch (error) {
    if (!(error instanceof SetupError) || process.env.CI) throw error
    say(`${error.message} ${error.hint}`.trim())
    return false
  }
}

/** Runs a JavaScript program of the project with its output on the terminal; gives its exit code. */
function node(script, args) {
  return new Promise((resolve) => {
    const stdio = ['ignore', 'inherit', 'inherit']
    const child = spawn(process.execPath, [join(root, script), ...args], { cwd: root, stdio })
    child.once('close', (code) => resolve(code ?? 1))
  })
}

/** Runs what the filters name, else all tests; gives the counts, what failed, and reasons that are failures too. */
async function runTests(filters, hasLab) {
  const isFiltered = filters.length > 0
  const steps = isFiltered ? [[{ args: filters }]] : allTests({ hasLab })
  const excludes = hasLab ? [] : ['--exclude', 'test/lab/**']
  // It has just been built: the runs of a step need not do so again beside each other.
  const built = isFiltered ? {} : { TESTS_BUILT: 'yes' }
  const runs = []
  for (const step of steps) {
    const isAlone = step.length === 1
    const start = ({ args, env }) =>
      runVitest([...args, ...excludes], { env: { ...built, ...env }, isAlone })
    runs.push(...(await Promise.all(step.map(start))))
  }
  const reports = runs.flatMap(({ report }) => report ?? [])
  const reasons = runs.flatMap(({ code, report }) => reasonsOf(code, report, isFiltered))
  if (!isFiltered) {
    const wrong = filesNotRunOnce(reports, { hasLab })
    reasons.push(...wrong.map((file) => `${file} has not been run just once.`))
  }
  const sum = (key) => reports.reduce((total, report) => total + report[key], 0)
  const failures = reports.flatMap(failuresOf)
  return { passed: sum('numPassedTests'), failed: sum('numFailedTests'), reasons, failures }
}

/** A line each: long runs print much between a failed test and the result. */
function failuresOf(report) {
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages: [message = ''] }) => {
        const [firstLine] = message.split('\n')
        return `FAILED ${relative(root, name)} > ${fullName}: ${firstLine}`
      }),
  )
}

// Vitest's JSON counts tests; a file that cannot be loaded has none and must count all the same.
// A filter by name leaves tests out on purpose; without one, a skipped test is a failure.
function reasonsOf(code, report, isFiltered) {
  if (report === undefined) return [`vitest ended with ${code} and no report.`]
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  )
  const skipped = report.numPendingTests + report.numTodoTests
  const reasons = broken.map((file) => `${file.name} could not be run.`)
  if (skipped > 0 && !isFiltered) reasons.push(`${skipped} tests were skipped; none may be.`)
  if (code !== 0 && report.numFailedTests === 0 && reasons.length === 0) {
    reasons.push(`vitest ended with exit code ${code}.`)
  }
  return reasons
}
