import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './node-modules.mjs'

/** Folders of the tests on the real HAProxy and Docker, the project `real` of vitest.config.ts. */
const lab = 'test/lab'
const realFolders = ['test/integration', 'test/e2e', lab]

/** Those whose tests run beside the others: a lab's hosts have networks and Docker daemons of their own. */
const besideFolders = [lab, 'test/integration']

/**
 * Of these, what runs with the others all the same: what is on this machine's own Docker daemon, whose
 * containers all of its clients see; and the tests of Consul, so that both runs take about as long.
 */
const notBeside = ['docker-discovery', 'haproxy-in-container', 'consul-*'].join('|')

/** Of the lab, what counts the requests that a dead host takes along: fewer the sooner it is noticed. */
const alone = ['test/lab/cluster.test.ts', 'test/lab/drills.test.ts']

const real = ['--project', 'real']
const exclude = (glob) => ['--exclude', glob]
const exceptAlone = alone.flatMap(exclude)

/**
 * Steps, one after the other; of each, the runs of Vitest that are under way at once, with their
 * arguments and variables. Every test is in one of them. Much of a real test is waiting: two cores
 * carry two files at a time. Each run has free ports of its own, see test/support/ports.ts.
 */
export const allTests = ({ hasLab }) => [
  [{ args: ['--project', 'unit'] }],
  [
    {
      args: [
        ...real,
        ...besideFolders,
        ...exclude(`test/*/@(${notBeside}).test.ts`),
        ...exceptAlone,
      ],
      env: { TEST_PORTS: '16000-23999' },
    },
    {
      args: [
        ...real,
        ...besideFolders.flatMap((folder) => exclude(`${folder}/!(${notBeside}).test.ts`)),
        ...exceptAlone,
      ],
      env: { TEST_PORTS: '24000-31999' },
    },
  ],
  ...(hasLab ? [[{ args: [...real, ...alone] }]] : []),
]

/** Files of real tests that are not in just one report. */
export function filesNotRunOnce(reports, { hasLab }) {
  const names = reports.flatMap(({ testResults }) => testResults.map(({ name }) => name))
  const folders = realFolders.filter((folder) => hasLab || folder !== lab)
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => join(root, folder, file))
      .filter((path) => names.filter((name) => name === path).length !== 1),
  )
}

/**
 * Runs Vitest to its end. `env`: variables beside those of this process. `isAlone`: no other run is
 * under way, so that it may redraw the terminal.
 *
 * @returns {Promise<{ code: number, report: object | undefined }>} its exit code and its JSON report
 */
export async function runVitest(args, { env = {}, isAlone }) {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-test-'))
  const file = join(folder, 'vitest.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const code = await shown(['run', ...reporters, ...args], env, isAlone)
    const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
    return { code, report }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function shown(args, env, isAlone) {
  return new Promise((resolve) => {
    const program = join(root, 'node_modules/vitest/vitest.mjs')
    const output = isAlone ? 'inherit' : 'pipe'
    const child = spawn(process.execPath, [program, ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', output, output],
    })
    if (!isAlone) {
      passLines(child.stdout, process.stdout)
      passLines(child.stderr, process.stderr)
    }
    child.once('close', (code) => resolve(code ?? 1))
  })
}

/** Passes on whole lines, so that those of two programs do not mix. */
function passLines(from, to) {
  let rest = ''
  from.setEncoding('utf8').on('data', (text) => {
    const end = text.lastIndexOf('\n') + 1
    if (end > 0) to.write(rest + text.slice(0, end))
    rest = end > 0 ? text.slice(end) : rest + text
  })
  from.on('end', () => to.write(rest))
}
