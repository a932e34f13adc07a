import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const source = join(import.meta.dirname, '../../src')

// What is imported lazily is a file of its own beside the program (scripts/build.mjs). A new version
// may be put in its place at any time: then that file is gone. So whatever runs for long imports
// lazily only while it starts, by what its settings say, and these are the places.
const whileStarting: readonly string[] = [
  'main.ts',
  // Which registry, and whether there are templates.
  'daemon.ts',
  'daemon-open-routing.ts',
  // Whether `-tags` is a template.
  'registrator/tags.ts',
]

it('only commands, and the start of what runs for long, import lazily', () => {
  const files = (readdirSync(source, { recursive: true }) as string[]).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  )
  const lazy = files.filter((file) => /\bimport\(/.test(readFileSync(join(source, file), 'utf8')))
  const others = lazy.filter((file) => !file.startsWith('cli/'))
  expect(others.toSorted()).toEqual(whileStarting.toSorted())
})
