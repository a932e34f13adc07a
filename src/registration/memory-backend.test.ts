import { registrationContract } from '../../test/support/registration-contract.ts'
import { MemoryBackend } from './memory-backend.ts'

registrationContract('memory', () => {
  const backend = new MemoryBackend()
  return Promise.resolve({
    backend,
    checkState: (id) => {
      const check = backend.checks.get(id)
      return Promise.resolve(check && { status: check.status, output: check.output })
    },
    maintainByHand: (id, reason) => {
      backend.maintenance.set(id, reason)
      return Promise.resolve()
    },
    close: () => backend.close(),
  })
})
