import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { printable } from './printable.ts'

it('takes out what a terminal would obey, and leaves words of all scripts', () => {
  expect(printable('a\u001b[31mb\r\nc\u202ed\u009be\u2066f\ud800g')).toBe('a·[31mb·c·d·e·f·g')
  expect(printable('naïve 東京 👩‍💻 עברית')).toBe('naïve 東京 👩‍💻 עברית')
})

it('keeps a line of the readable log one line, whatever its message and fields cite', () => {
  const program =
    `import { createLogger } from ${JSON.stringify(import.meta.resolve('./log.ts'))}\n` +
    String.raw`createLogger('info', 'pretty').warn({ cause: 'x\u001b[2J\u009b' }, 'a\n\u001b[31mb\u202e')`
  const out = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module'], {
    input: program,
    encoding: 'utf8',
  })
  expect(out.replace(/^\S+ /, '')).toBe('warn  a·[31mb· cause="x\\u001b[2J·"\n')
})
