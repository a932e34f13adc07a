import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Finding } from '../../src/doctor/facts.ts'
import { Stage } from './support/stage.ts'

describe('fairlead doctor', () => {
  let stage: Stage

  beforeEach(async () => {
    stage = await Stage.open({ hasImage: false })
  })

  afterEach(() => stage.close())

  it('finds the HAProxy of a running daemon in order, and knows what it runs', async () => {
    await stage.up('--docker', 'none')
    const result = await stage.cli('doctor', '--state-folder', stage.stateFolder, '--json')
    const { isHealthy, findings } = JSON.parse(result.stdout) as {
      isHealthy: boolean
      findings: Finding[]
    }
    const errors = findings.filter(({ level }) => level === 'error')
    expect({ isHealthy, errors, code: result.code }).toEqual({
      isHealthy: true,
      errors: [],
      code: 0,
    })
    expect(findings.map(({ found }) => found)).toEqual(
      expect.arrayContaining([
        expect.stringContaining(
          `${stage.stateFolder}/master.sock (its usual place) is a master's socket`,
        ),
        'HAProxy runs the text on disk, by the record in the state folder',
        `${stage.stateFolder}: a fairlead daemon answers there`,
      ]),
    )
  })

  it('says what to change, and ends with 1, where nobody answers', async () => {
    const socket = join(stage.folder, 'nobody.sock')
    const args = ['--socket', socket, '--state-folder', stage.stateFolder]
    const { code, stdout } = await stage.cli('doctor', ...args)
    expect(code).toBe(1)
    expect(stdout).toContain(`error    ${socket} (--socket): HAProxy does not answer`)
    expect(stdout).toContain('→ see that HAProxy runs and names this socket')
    expect(stdout).toMatch(/\n\n\d+ errors?, \d+ warnings?\n$/)
  })
})
