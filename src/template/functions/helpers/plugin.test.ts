import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderedHelpers } from '../../../../test/support/helper-template.ts'
import { runProgram } from './run-program.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-plugin-'))
  mkdirSync(join(folder, 'box'))
  mkdirSync(join(folder, 'a-folder'))
  const programs = {
    'box/arguments': '#!/bin/sh\nfor each in "$@"; do echo "<$each>"; done\n',
    'box/fails': '#!/bin/sh\necho out; echo err >&2; exit 3\n',
    'box/dies': '#!/bin/sh\nkill -9 $$\n',
    'box/bytes': "#!/bin/sh\nprintf ' \\377\\n\\n'\n",
    'box/much': '#!/bin/sh\nhead -c 20000000 /dev/zero\n',
    'box/babbles': '#!/bin/sh\nhead -c 100000 /dev/zero | tr "\\0" x\nexit 1\n',
    'box/folder': '#!/bin/sh\npwd\ncat\n',
    outside: '#!/bin/sh\necho outside\n',
    plain: 'no program',
  }
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(folder, name), text)
    if (name !== 'plain') chmodSync(join(folder, name), 0o755)
  }
  symlinkSync('../outside', join(folder, 'box/way-out'))
})

afterAll(() => rmSync(folder, { recursive: true }))

const run = (template: string, sandboxPath?: string) =>
  renderedHelpers(template, null, {
    workingFolder: folder,
    environment: () => `:relative:/none:${folder}/a-folder:${folder}:${folder}/box:/usr/bin:/bin`,
    hasEffects: true,
    sandboxPath,
  })

// Messages of errors are one line.
const onOneLine = (text: string) => text.replaceAll(/\s*\n\s*/g, ' ').trim()

describe('plugin', () => {
  it.each([
    ['{{plugin "arguments" "a b" " \\n" " $(id)\\n" "-x;" "*"}}', '<a b>\n<$(id)>\n<-x;>\n<*>'],
    ['{{"piped" | plugin "box/arguments" "a"}}', '<a>\n<piped>'],
    ['{{printf "%q" (plugin "bytes")}}', '"\\xff"'],
    ['{{plugin ""}}|', '|'],
  ])('%s', (template, expected) => {
    expect(run(template)).toBe(expected)
  })

  it('starts in the working folder, and reads nothing', () => {
    expect(run('{{plugin "folder"}}')).toBe(folder)
  })

  it.each([
    [
      '{{plugin "box/fails"}}',
      'exec "box/fails": exit status 3\n\nstdout:\n\nout\n\n\nstderr:\n\nerr\n',
    ],
    ['{{plugin "box/dies"}}', 'exec "box/dies": signal: killed\n\nstdout:\n\n\n\nstderr:\n\n'],
    [
      '{{plugin "./none"}}',
      'exec "./none": fork/exec ./none: no such file or directory\n\nstdout:',
    ],
    ['{{plugin "./plain"}}', 'exec "./plain": fork/exec ./plain: permission denied\n\nstdout:'],
    [
      '{{plugin "plain"}}',
      'exec "plain": exec: "plain": executable file not found in $PATH\n\nstdout:',
    ],
    ['{{plugin "a; id"}}', 'exec: "a; id": executable file not found in $PATH'],
    ['{{plugin "a-folder"}}', 'exec: "a-folder": executable file not found in $PATH'],
    ['{{plugin "arguments" "a\\x00b"}}', 'invalid argument'],
    ['{{plugin "arguments" 1}}', 'expected string; found 1'],
  ])('%s fails', (template, reason) => {
    expect(() => run(template)).toThrow(onOneLine(reason))
  })

  it('runs only what is in the sandbox, wherever links lead', () => {
    expect(run('{{plugin "arguments" "a"}}', 'box')).toBe('<a>')
    for (const name of ['outside', 'way-out', '/bin/sh', 'box/../outside']) {
      expect(() => run(`{{plugin "${name}"}}`, 'box')).toThrow('is outside of sandbox')
    }
  })

  it('shows a part of much output, and nothing of what was cut off', () => {
    const messageOf = (template: string) => {
      try {
        return run(template)
      } catch (error) {
        return String(error)
      }
    }
    expect(messageOf('{{plugin "much"}}')).toMatch(/output of more than 16777216 bytes$/)
    expect(messageOf('{{plugin "babbles"}}').length).toBeLessThan(11_000)
  })

  it('ends what writes too much or takes too long', () => {
    const program = { name: 'much', given: [], workingFolder: folder, mostTimeMs: 30_000 }
    const much = runProgram({ ...program, path: join(folder, 'box/much'), mostBytes: 1000 })
    expect(much.failure).toBe('output of more than 1000 bytes')
    const slow = { ...program, path: '/bin/sleep', given: ['1000'], mostTimeMs: 100, mostBytes: 1 }
    expect(runProgram(slow).failure).toBe('did not finish in 0.1s')
  })

  it('runs nothing where there may be no effects', () => {
    expect(() => renderedHelpers('{{plugin "id"}}')).toThrow('exec "id": programs are not run here')
  })
})
