import { onTestFinished } from 'vitest'

/**
 * What is started lives until the test that runs now is over: what came last is stopped first. To be
 * called in the test or in its `beforeEach`.
 */
export function forTest<T extends { stop(): Promise<void> }>(lives: T): T {
  onTestFinished(() => lives.stop())
  return lives
}
