import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AdminState, DesiredState } from '../model/desired-state.ts'
import { changesBetween, textBetween } from './difference.ts'
import { unifiedDiff } from './unified-diff.ts'

function state(
  backend: string,
  hosts = 'x.test app\n',
  servers: Record<string, AdminState> = {},
): DesiredState {
  const config = `defaults\n  mode http\nfrontend web\n  bind :80\n  use_backend %[req.hdr(host),map_str(/m/hosts.map,app)]\nbackend app\n${backend}`
  return {
    config,
    files: new Map([['/m/hosts.map', hosts]]),
    servers: new Map(Object.entries(servers)),
  }
}

const a = '  server a 10.0.0.1:80 weight 5\n'
const b = '  server b [fd00::2]:80\n'

describe('the difference of two generations', () => {
  it('is nothing where they mean the same', () => {
    expect(changesBetween(state(a + b), state(a + b))).toEqual([])
    const drained = state(`${a.trimEnd()} disabled\n`, undefined, { 'app/a': 'drain' })
    expect(changesBetween(drained, drained)).toEqual([])
  })

  it('tells servers, hosts and admin states as what they are', () => {
    const before = state(a + b)
    const moved = a.replace('weight 5', 'weight 9').replace('10.0.0.1', '10.0.0.7')
    const after = state(moved, 'x.test app\ny.test app\n', { 'app/a': 'drain' })
    const text = changesBetween(before, after).join('\n')
    for (const part of ['- server b', '10.0.0.7', 'y.test', 'drain']) expect(text).toContain(part)
  })

  it('tells settings that need a reload, beside the servers', () => {
    const changes = changesBetween(state(a), state(`  balance source\n${a}${b}`))
    expect(changes.some((each) => each.includes('balance'))).toBe(true)
    expect(changes.some((each) => each.includes('+ server b'))).toBe(true)
  })

  it('is shown as text by file, without a word about private keys', () => {
    const [before, after] = [state(a), state(b)]
    const key = { ...after, files: new Map([...after.files, ['/c/k.pem', '\0sha256:12']]) }
    const text = textBetween(
      { name: 'generation 1', state: before },
      { name: 'generation 2', state: key },
    )
    expect(text).toContain('--- generation 1 haproxy.cfg\n+++ generation 2 haproxy.cfg\n@@ ')
    expect(text).toContain('-  server a 10.0.0.1:80 weight 5\n+  server b [fd00::2]:80\n')
    expect(text).toContain('+++ generation 2 /c/k.pem\n@@ -0,0 +1,1 @@\n+sha256:12\n')
    expect(textBetween({ name: 'x', state: before }, { name: 'y', state: before })).toBe('')
  })
})

describe('a unified diff', () => {
  it('makes the new text of the old one, as git reads it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fl-diff-'))
    try {
      const line = fc.constantFrom('a', 'b', 'c', 'd', '')
      const text = fc
        .array(line, { maxLength: 30 })
        .map((all) => all.map((each) => `${each}\n`).join(''))
      fc.assert(
        fc.property(text, text, (before, after) => {
          const diff = unifiedDiff(before, after)
          if (before === after) {
            expect(diff).toBe('')
            return
          }
          const path = join(folder, 'text')
          writeFileSync(path, before)
          const input = `--- a/text\n+++ b/text\n${diff}`
          execFileSync('git', ['apply', '--whitespace=nowarn', '-'], { input, cwd: folder })
          expect(readFileSync(path, 'utf8')).toBe(after)
        }),
        { numRuns: 40 },
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
