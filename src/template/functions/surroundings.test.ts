import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createProgram } from '../render/program.ts'
import { plainSurroundings } from '../../../test/support/helper-template.ts'

let folder = ''

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'fairlead-surroundings-')))
})

afterEach(() => rmSync(folder, { recursive: true }))

/** The files that a template asks for, from the folder `box`, which is its sandbox. */
function askedFor(text: string): readonly string[] {
  const box = join(folder, 'box')
  const { missing } = createProgram(text, {
    name: 'test',
    surroundings: { ...plainSurroundings, workingFolder: box, sandboxPath: box },
  }).render({ recall: () => undefined })
  return missing.flatMap((each) => (each.kind === 'file' ? [each.path] : []))
}

it('spaces around the path of a file lead to none outside of the sandbox', () => {
  mkdirSync(join(folder, 'box', folder), { recursive: true })
  const outside = join(folder, 'secret')
  writeFileSync(outside, '')
  // What the path would be if its space was a folder.
  writeFileSync(join(folder, 'box', outside), '')
  writeFileSync(join(folder, 'box/in'), '')
  expect(askedFor('{{file " in "}}')).toEqual([join(folder, 'box/in')])
  expect(() => askedFor(`{{file " /..${outside}"}}`)).toThrow('is outside of sandbox')
})
