import { expect, it } from 'vitest'
import { agentKilled, fairleadReplaced } from '../../drills/faults/agent-killed.ts'
import { powerOff } from '../../drills/faults/power-off.ts'
import { runDrill } from '../../drills/run-drill.ts'

// The short ones of `npm run drill`. A drill throws where what gets requests is not what runs after
// the healing; how many seconds it took is for the table alone.
it.each([
  { ...agentKilled, lastsMs: 4000 },
  { ...fairleadReplaced, lastsMs: 4000 },
  { ...powerOff, lastsMs: 6000 },
])(
  'no GET fails and all is right afterwards when $title',
  async (drill) => {
    const { gets, posts, quietSeconds } = await runDrill(drill, { say: () => undefined })
    expect(gets.why).toEqual([])
    expect(gets.sent).toBeGreaterThan(1000)
    expect(posts.failed).toBeLessThanOrEqual(drill.limits.failedPosts)
    expect(quietSeconds).toBeDefined()
  },
  240_000,
)
