import { expect, it } from 'vitest'
import { signalName, signalNumber } from './stop-signal.ts'

it('knows signals by name, number and real-time offset', () => {
  const names = ['', 'SIGTERM', 'quit', '15', 'SIGRTMIN+3', 'RTMAX-1', 'SIGNONSENSE']
  expect(names.map(signalNumber)).toEqual([15, 15, 3, 15, 37, 63, undefined])
  expect(signalName(15)).toBe('SIGTERM')
  expect(signalName(37)).toBe('signal 37')
})
