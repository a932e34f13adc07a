import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { Lab } from './lab.ts'

/** The control group that has to do with the processor. */
function groupOf(pid: number): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n')
  const line = lines.find((each) => /^\d+:(cpu|cpu,cpuacct|cpuacct,cpu):|^0::/.test(each)) ?? ''
  return line.slice(line.lastIndexOf(':') + 1)
}

it('prefers some of a host’s processes, which stay the host’s and end with it', async () => {
  const lab = await Lab.start({ hosts: 1, dockerFlags: false })
  try {
    const host = lab.host(1)
    const before = new Set(host.pids())
    const { exited } = host.spawn('sleep', ['1000'])
    const started = (): readonly number[] => host.pids().filter((pid) => !before.has(pid))
    const isSleep = (pid: number): boolean =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') === 'sleep 1000 '
    await expect.poll(() => started().filter(isSleep), { timeout: 10_000 }).toHaveLength(1)
    const [pid = 0] = started().filter(isSleep)
    host.prefer([pid])
    expect(groupOf(pid)).toContain(`/preferred-${pid}`)
    expect(host.pids()).toContain(pid)
    await lab.close()
    expect(await exited).not.toBe(0)
  } finally {
    await lab.close()
  }
})
