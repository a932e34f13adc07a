import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { definitions, settingKeys, variableOf } from '../settings/schema.ts'
import { settingsTable } from '../settings/settings-table.ts'
import type { CliContext } from './context.ts'
import { createProgram, run } from './program.ts'

// With FAIRLEAD_WRITE_DOCS=1 the generated parts of docs/cli.md are written instead of compared.
const path = new URL('../../docs/cli.md', import.meta.url)
const isWriting = process.env['FAIRLEAD_WRITE_DOCS'] === '1'

function contextThat(out: (text: string) => void): CliContext {
  return {
    environment: {},
    isRoot: false,
    homeFolder: '/home/ann',
    isTerminal: false,
    cwd: '/',
    columns: 100,
    rows: 20,
    hasColour: false,
    out,
    err: () => undefined,
    now: () => 0,
    untilInterrupted: () => AbortSignal.abort(),
    runDaemon: () => Promise.resolve(0),
    stopOrphan: () => Promise.resolve(false),
  }
}

async function helpOf(command: string): Promise<string> {
  let text = ''
  await run(
    ['help', command],
    contextThat((part) => (text += part)),
  )
  return text
}

const commands = createProgram(contextThat(() => undefined)).commands

function checkPart(name: string, wanted: string): void {
  const document = readFileSync(path, 'utf8')
  const part = new RegExp(`(<!-- ${name}:[^>]*-->\n)([^]*?)(<!-- /${name} -->)`)
  if (isWriting) {
    const whole = document.replace(part, (_, start, _old, end) => `${start}\n${wanted}\n\n${end}`)
    writeFileSync(path, whole)
  }
  const found = part.exec(readFileSync(path, 'utf8'))?.[2]
  expect(words(found ?? '')).toBe(words(wanted))
}

/** The formatter aligns the columns of tables and escapes what may be markup. */
function words(text: string): string {
  return text.replaceAll(/-{3,}/g, '---').replaceAll('\\', '').replaceAll(/\s+/g, ' ').trim()
}

describe('docs/cli.md', () => {
  it('has every setting with its flag, variable, meaning and default', () => {
    checkPart('settings', settingsTable())
  })

  it("has every command's help; that of `up` without the settings", async () => {
    const parts: string[] = []
    for (const command of commands) {
      const help = (await helpOf(command.name())).trimEnd()
      const short = help.replace(/\nOptions:\n[^]*\n\nExamples:/, '\nExamples:')
      const shown = command.name() === 'up' ? short : help
      parts.push(`### fairlead ${command.name()}\n\n\`\`\`\n${shown}\n\`\`\``)
    }
    checkPart('commands', parts.join('\n\n'))
  })
})

describe('help', () => {
  it.each(settingKeys)('of `up` has %s', async (key) => {
    const { name, group, help, shownDefault } = definitions[key]
    const text = (await helpOf('up')).replaceAll(/\s+/g, ' ')
    expect(text).toContain(`--${name} `)
    expect(text).toContain(`${group}:`)
    expect(text).toContain(help)
    expect(text).toContain(shownDefault)
    expect(variableOf(name)).toMatch(/^FAIRLEAD_[A-Z_]+$/)
  })

  it.each(commands.map((command) => command.name()))(
    'of %s has an example that is itself right',
    async (name) => {
      const help = await helpOf(name)
      const examples =
        help
          .split(/\nExamples?:\n/)[1]
          ?.trim()
          .split('\n') ?? []
      expect(examples.length).toBeGreaterThan(0)
      for (const example of examples) expect(example.trim()).toMatch(`fairlead ${name}`)
    },
  )
})
