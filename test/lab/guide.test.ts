import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareGuide, type Guide } from './guide/guide.ts'
import { classicSteps, guideSteps, templateSteps } from './guide/play.ts'
import { Lab } from './lab.ts'

const parts = {
  guide: guideSteps(),
  template: templateSteps(),
  classic: classicSteps(),
}

describe.each([
  ['2', parts],
  ['1.29', { template: templateSteps() }],
] as const)('the guide with Compose %s', (line, ofLine) => {
  let lab: Lab
  let guide: Guide

  beforeAll(async () => {
    lab = await Lab.start({ hosts: 3 })
    guide = await prepareGuide(lab, line)
  }, 300_000)

  afterAll(() => lab.close())

  // Each step begins where the one before it ended.
  describe.each(Object.entries(ofLine))('%s', (_, steps) => {
    it.each(steps.map((step) => [step.name, step] as const))(
      '%s',
      async (_name, step) => {
        expect(await step.play(guide)).not.toBe('')
      },
      300_000,
    )
  })
})
