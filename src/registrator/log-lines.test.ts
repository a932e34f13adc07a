import { expect, it } from 'vitest'
import type { RegistrarEvent } from '../registration/registrar-events.ts'
import { dockerReports, linesOfEvent, stamped } from './log-lines.ts'

const holder = {
  source: 'docker',
  key: 'abcdef0123456789'.repeat(4),
  kind: 'container',
  name: 'web-1',
} as const
const registration = { ID: 'h:web-1:80', Name: 'web' }
const id = registration.ID
const failure = { error: 'no', willRetryInMs: 1, isRefused: true, isFirst: true } as const

it.each<[string, RegistrarEvent]>([
  ['added: abcdef012345 h:web-1:80', { kind: 'added', holder, registration }],
  ['added: abcdef012345 h:web-1:80', { kind: 'unchanged', holder, registration }],
  ['removed: abcdef012345 h:web-1:80', { kind: 'removed', holder, id }],
  ['h:web-1:80 removed', { kind: 'removed', holder: undefined, id }],
  ['dangling: h:web-1:80', { kind: 'dangling', id, name: 'web' }],
  [`stale: Removing service ${holder.key} because it does not exist`, { kind: 'stale', holder }],
  [
    'register failed: {"ID":"h:web-1:80","Name":"web"} no',
    { kind: 'failed', holder, registration, action: 'register', ...failure },
  ],
  [
    'sync register failed: {"ID":"h:web-1:80","Name":"web"} no',
    { kind: 'failed', holder, registration, action: 'register', ...failure, isFirst: false },
  ],
  ['deregister failed: h:web-1:80 no', { kind: 'deregister-failed', holder, id, ...failure }],
  ['cleanup failed: no', { kind: 'list-refused', error: 'no' }],
])('%s', (line, event) => {
  expect(linesOfEvent(event)).toEqual([line])
})

it('stamps lines with the local time', () => {
  expect(stamped('hello', new Date(2026, 0, 2, 3, 4, 5))).toBe('2026/01/02 03:04:05 hello\n')
})

it('says once that Docker is lost, that it is back, and what it does not tell', () => {
  const lines: string[] = []
  const { onConnection, onTrouble } = dockerReports((line) => lines.push(line))
  for (const error of ['', 'gone', 'still gone', '', '']) onConnection(error)
  for (const message of ['500', '500', '', '500']) onTrouble(message)
  expect(lines).toEqual([
    'Docker does not answer, trying again: gone',
    'Docker answers again',
    'unable to inspect container: 500',
    'unable to inspect container: 500',
  ])
})
