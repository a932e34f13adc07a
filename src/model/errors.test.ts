import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { errorCodes, FairleadError, messageOf } from './errors.ts'

describe('docs/errors.md', () => {
  it('has a row for every code that says what the table in the code says, and no other', async () => {
    const page = await readFile('docs/errors.md', 'utf8')
    const rows = tableRows(page).filter((cells) => cells.length === 6 && cells[0]?.startsWith('`'))
    const documented = Object.fromEntries(
      rows.map(([code = '', exit, http, retry, means]) => [
        code.replaceAll('`', ''),
        { exit: Number(exit), http: Number(http), canRetry: retry === 'yes', means },
      ]),
    )
    expect(documented).toEqual(errorCodes)
    for (const cells of rows) expect(cells[5], cells[0]).toMatch(/\S\.$/)
  })

  it('lists every exit code that an error can have', async () => {
    const page = await readFile('docs/errors.md', 'utf8')
    const listed = tableRows(page).map(([exit]) => Number(exit))
    for (const { exit } of Object.values(errorCodes)) expect(listed).toContain(exit)
  })
})

/** The cells of every table row of a Markdown page. */
function tableRows(page: string): string[][] {
  return page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
}

class BorderError extends FairleadError {}

it('carries code, hint, cause and the name of its border', () => {
  const cause = new Error('deep')
  const error = new BorderError('not_found', 'gone', { hint: 'look', cause })
  expect(error).toMatchObject({ code: 'not_found', hint: 'look', cause, name: 'BorderError' })
  expect(new FairleadError('internal', 'x')).toMatchObject({ hint: '' })
})

it('puts the message of anything thrown on one line', () => {
  expect(messageOf(new Error('one\n  two\n'))).toBe('one two')
  expect(messageOf('text')).toBe('text')
  expect(messageOf(undefined)).toBe('undefined')
})
