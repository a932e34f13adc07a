import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configFileNames, fileProblems, joinFiles } from './join-files.ts'
import type { ConfigFile } from './join-files.ts'

const text = fc
  .array(fc.constantFrom('global', ' a', '\n', '\n', '\r\n'))
  .map((all) => all.join(''))
const anyFiles = fc
  .array(text)
  .map((all) => all.map((each, at) => ({ path: `/${at}`, text: each })))

describe('joinFiles', () => {
  it('puts files one after the other, each on lines of its own', () => {
    const { text, locate } = joinFiles([
      { path: '/etc/a.cfg', text: 'global\n  maxconn 1' },
      { path: '/etc/empty.cfg', text: '' },
      { path: '/etc/b.cfg', text: 'backend x\n' },
    ])
    expect(text).toBe('global\n  maxconn 1\nbackend x\n')
    expect([0, 1, 2, 3, 4].map(locate)).toEqual([
      undefined,
      { path: '/etc/a.cfg', line: 1 },
      { path: '/etc/a.cfg', line: 2 },
      { path: '/etc/b.cfg', line: 1 },
      undefined,
    ])
  })

  it('finds each line where it came from', () => {
    fc.assert(
      fc.property(anyFiles, (files) => {
        const { text, locate } = joinFiles(files)
        const lines = text.split('\n').slice(0, -1)
        for (const [index, line] of lines.entries()) {
          const place = locate(index + 1)
          const file = files.find(({ path }) => path === place?.path)
          expect(file?.text.split('\n')[(place?.line ?? 0) - 1]).toBe(line)
        }
        expect(locate(lines.length + 1)).toBeUndefined()
      }),
    )
  })
})

describe('configFileNames', () => {
  it('takes what ends in .cfg and is not hidden, by bytes', () => {
    const names = [
      'b.cfg',
      'B.cfg',
      'é.cfg',
      '.a.cfg',
      'a.cfg',
      'a.cfg~',
      '10.cfg',
      '9.cfg',
      '🙂.cfg',
    ]
    const sorted = ['10.cfg', '9.cfg', 'B.cfg', 'a.cfg', 'b.cfg', 'é.cfg', '\uffee.cfg', '🙂.cfg']
    expect(configFileNames([...names, '\uffee.cfg'])).toEqual(sorted)
  })
})

describe('fileProblems', () => {
  it('names what HAProxy refuses in a file among others', () => {
    const problems = (file: string): unknown[] =>
      fileProblems({ path: 'a.cfg', text: file } satisfies ConfigFile).map(({ where }) => where)
    for (const good of ['', '# x\n\n', 'global\n', '.if 1\nglobal\n.endif\n', '.notice x\n']) {
      expect([good, problems(good)]).toEqual([good, []])
    }
    expect(problems('\nmaxconn 1\nglobal\n')).toEqual(['a.cfg:2'])
    expect(problems('global\n .if 1\n')).toEqual(['a.cfg'])
    expect(problems('.endif\n')).toEqual(['a.cfg'])
    expect(problems('.if 1\n.endif x\n')).toEqual(['a.cfg'])
    expect(problems('global\n maxconn 1')).toEqual(['a.cfg:2'])
  })
})
