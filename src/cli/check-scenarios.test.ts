import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CliContext } from './context.ts'
import { run } from './program.ts'

// Each file: parts that start with `=== <name>`, then `----`, then what the command says and its
// exit code. Parts: `args` (of `fairlead check`, a line each), `env` (variables, a line each); any
// other name is a file in the project's folder, which is called shop. UPDATE=1 writes what is said
// anew, to be read in review.
const scenarios = join(import.meta.dirname, '../../test/scenarios/check')

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-check-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('fairlead check', () => {
  for (const name of readdirSync(scenarios)) {
    it(name.replace('.txt', '').replaceAll('-', ' '), async () => {
      const path = join(scenarios, name)
      const [input = '', expected = ''] = readFileSync(path, 'utf8').split('\n----\n')
      const actual = await check(input, join(folder, name, 'shop'))
      if (process.env['UPDATE'] === '1') writeFileSync(path, `${input}\n----\n${actual}`)
      else expect(actual).toBe(expected)
    })
  }
})

describe('docs/check.md', () => {
  it('shows what the command says', async () => {
    const path = join(import.meta.dirname, '../../docs/check.md')
    const page = readFileSync(path, 'utf8')
    const example = /```yaml\n([^]*?)```\n\n```\n\$ fairlead check\n([^]*?)```/.exec(page)
    const [whole = '', file = '', expected = ''] = example ?? []
    const said = await check(`=== compose.yaml\n${file}`, join(folder, 'docs', 'shop'))
    const actual = said.replace(/exit 1\n$/, '')
    if (process.env['UPDATE'] === '1') {
      const written = whole.replace(expected, () => actual)
      writeFileSync(
        path,
        page.replace(whole, () => written),
      )
    } else expect(actual).toBe(expected)
  })
})

async function check(input: string, project: string): Promise<string> {
  const parts = new Map(
    input
      .split(/^=== /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]),
  )
  mkdirSync(project, { recursive: true })
  for (const [name, text] of parts) {
    if (name === 'args' || name === 'env') continue
    mkdirSync(dirname(join(project, name)), { recursive: true })
    writeFileSync(join(project, name), text.endsWith('\n') ? text : `${text}\n`)
  }
  const variables = lines(parts.get('env')).map((line) => line.split(/=(.*)/s).slice(0, 2))
  let said = ''
  const context: CliContext = {
    environment: Object.fromEntries(variables) as Record<string, string>,
    isRoot: false,
    homeFolder: project,
    isTerminal: false,
    cwd: project,
    columns: Number.POSITIVE_INFINITY,
    rows: 24,
    hasColour: false,
    out: (text) => (said += text),
    err: (text) => (said += text),
    now: () => 0,
    untilInterrupted: () => AbortSignal.abort(),
    runDaemon: () => Promise.reject(new Error('no daemon is to be run here')),
    stopOrphan: () => Promise.resolve(false),
  }
  const code = await run(['check', ...lines(parts.get('args'))], context)
  return `${said}exit ${code}\n`
}

function lines(text: string | undefined): readonly string[] {
  return (text ?? '').split('\n').filter((line) => line !== '')
}
