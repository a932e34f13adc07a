import { describe, expect, it } from 'vitest'
import { memberReport } from '../../../test/support/memory-daemon.ts'
import type { ClusterMemberReport, ClusterReport } from '../../api/contract.ts'
import { renderCluster } from './cluster.ts'
import { painter } from './text.ts'

const nowMs = 1_700_000_120_000

function render(
  members: readonly ClusterMemberReport[],
  changes: Partial<Extract<ClusterReport, { kind: 'consul' }>> = {},
  columns = 80,
): readonly string[] {
  const report: ClusterReport = {
    kind: 'consul',
    service: 'fairlead',
    isSame: false,
    readAtMs: nowMs,
    error: '',
    members,
    counts: { writes: 1, heartbeats: 1, failures: 0 },
    ...changes,
  }
  return renderCluster(report, { paint: painter(false), columns, nowMs }).split('\n')
}

const lb1 = memberReport({ isThis: true })
const lb2 = memberReport({
  node: 'lb2',
  hash: 'fedcba9876543210',
  leftOut: 2,
  verdict: { kind: 'lags', text: 'lags: catalogue index 123 < 140', forMs: 12_000 },
})
const lb3 = memberReport({
  node: 'lb3',
  state: 'critical',
  why: 'no heartbeat',
  verdict: { kind: 'away', text: 'had another state when last heard of' },
})

describe('the table of load balancers', () => {
  it('says in one line that all serve the same', () => {
    const lines = render([lb1, memberReport({ node: 'lb2' })], { isSame: true })
    expect(lines).toEqual([
      '● 2 load balancers, all with the same desired state',
      '',
      '    NODE  NAME       STATE    HAPROXY  HASH      SINCE  GEN  SERVES',
      '  ✓ lb1   default *  passing  2.6.12   abcdef01  2 min    7  the same',
      '  ✓ lb2   default    passing  2.6.12   abcdef01  2 min    7  the same',
      '',
    ])
  })

  it('says of each other one why', () => {
    expect(render([lb1, lb2, lb3])).toEqual([
      '● 3 load balancers, 1 of 3 with the same desired state',
      '',
      '    NODE  NAME       STATE     HAPROXY  HASH      SINCE  GEN  SERVES',
      '  ✓ lb1   default *  passing   2.6.12   abcdef01  2 min    7  the same',
      '  ! lb2   default    passing   2.6.12   fedcba98  2 min    7  lags behind',
      '    └ lags: catalogue index 123 < 140 for 12 s (fairlead 0.1.0, 2 left out)',
      '  ✗ lb3   default    critical  2.6.12   abcdef01  2 min    7  not known',
      '    └ had another state when last heard of (fairlead 0.1.0)',
      '    └ critical for 2 min: no heartbeat',
      '',
    ])
  })

  it('fits into 80 columns with the longest names', () => {
    const node = 'a-machine-with-quite-a-long-name.example.org'
    const instance = 'an-instance-of-thirty-two-letter'
    const rows = render([memberReport({ node, instance }), lb2]).filter(
      (line) => !line.includes('└'),
    )
    for (const line of rows) expect(line.length).toBeLessThanOrEqual(80)
    expect(render([memberReport({ node, instance })], {}, 200).join('\n')).toContain(node)
  })

  it('says what is read when Consul is away, and that this one is not there', () => {
    const away = render([lb1], { error: 'nobody there', readAtMs: nowMs - 30_000 })
    expect(away[1]).toBe('  ! Consul cannot be read; as it was 30 s ago: nobody there')
    expect(render([lb2])[1]).toBe(
      '  ! this one is not registered (yet), or the token may not read it',
    )
    expect(render([])[0]).toBe('● no load balancer is registered')
  })

  it('says of the embedded registry how there would be several', () => {
    const text = renderCluster({ kind: 'embedded' }, { paint: painter(false), columns: 80, nowMs })
    expect(text).toContain('nothing to compare')
    expect(text).toContain('--registry consul://')
  })

  it('lets nothing from outside reach the terminal raw', () => {
    const text = render([memberReport({ node: 'x\u001b[31m', haproxyVersion: '\u0007' })]).join(
      '\n',
    )
    expect(text).not.toContain('\u001b')
    expect(text).not.toContain('\u0007')
  })
})
