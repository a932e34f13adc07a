import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { filterLines, requestsTable } from '../support/filter-config.ts'
import { haproxyPrograms } from '../support/haproxies.ts'

// With FAIRLEAD_WRITE_DOCS=1 the parts are written from the table instead of compared with it.
const isWriting = process.env['FAIRLEAD_WRITE_DOCS'] === '1'
const root = new URL('../../', import.meta.url)
const config = fileURLToPath(new URL('deploy/docker-socket-proxy/haproxy.cfg', root))
const operations = fileURLToPath(new URL('docs/operations.md', root))
const execute = promisify(execFile)

/** What stands between the two marks; written first where that is asked for. */
function partOf(path: string, [start, end]: readonly [string, string], wanted: string): string {
  const part = new RegExp(`(${start}\n)([^]*?)( *${end})`)
  if (isWriting) {
    const text = readFileSync(path, 'utf8')
    writeFileSync(
      path,
      text.replace(part, (_, head, _old, tail) => `${head}${wanted}${tail}`),
    )
  }
  return part.exec(readFileSync(path, 'utf8'))?.[2] ?? `${path} has no ${start}`
}

/** The formatter aligns the columns of tables. */
const words = (text: string): string => text.replaceAll(/-{3,}|\s+/g, (found) => found[0] ?? '')

describe('the filter in front of the Docker socket', () => {
  it('lets through what the table lists, and nothing else', () => {
    const part = partOf(config, ['# <requests>', '# </requests>'], filterLines())
    expect(part).toBe(filterLines())
  })

  it('is documented by the same table', () => {
    const marks = ['<!-- docker-requests -->', '<!-- /docker-requests -->'] as const
    const part = partOf(operations, marks, `\n${requestsTable()}\n\n`)
    expect(words(part).trim()).toBe(words(requestsTable()))
  })

  describe.each(haproxyPrograms())('is read by HAProxy $line', ({ path }) => {
    it.each(['', 'yes'])(
      'with ALLOW_JOIN and ALLOW_SWARM "%s", without a warning',
      async (word) => {
        const env = { ...process.env, ALLOW_JOIN: word, ALLOW_SWARM: word }
        const { stdout, stderr } = await execute(path, ['-c', '-f', config], { env })
        expect(`${stdout}${stderr}`).not.toMatch(/WARNING|ALERT/)
      },
    )
  })
})
