import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

const using = `import { parseTemplate, TemplateError } from 'fairlead/template'
const template = parseTemplate('{{range .servers}}{{printf "%s:%d" .name .port}} {{end}}', { name: 't' })
console.log(template.execute({ servers: [{ name: 'a', port: 1 }, { name: 'b', port: 2 }] }))
try {
  parseTemplate('{{nope}}')
} catch (error) {
  console.log(error instanceof TemplateError, error.name, error.code, error.message)
}
`

const printed = `a:1 b:2 \ntrue TemplateError template_syntax template: :1: function "nope" not defined\n`

/** A package of its own, outside of the tree, that depends on fairlead. */
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-library-'))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/fairlead'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

const run = (program: string, args: readonly string[], cwd: string): string =>
  execFileSync(program, args, { cwd, encoding: 'utf8' })

describe('the template engine as a library', () => {
  it('is imported by name from another package', () => {
    writeFileSync(join(folder, 'main.js'), using)
    expect(run(process.execPath, ['main.js'], folder)).toBe(printed)
  })

  it('is imported by name inside its own package', () => {
    expect(run(process.execPath, ['--input-type=module', '-e', using], root)).toBe(printed)
  })

  it('imports nothing, of Node neither', () => {
    const text = readFileSync(join(root, 'dist/template.mjs'), 'utf8')
    expect(text).not.toMatch(/\bfrom ?["']|\bimport ?[("']|\brequire\(/)
  })

  it('has types that fit a use, and refuse a wrong one', () => {
    const check = (text: string): string => {
      writeFileSync(join(folder, 'use.ts'), text)
      const compiler = join(root, 'node_modules/typescript/bin/tsc')
      const options = ['--noEmit', '--strict', '--types', '', '--module', 'nodenext']
      try {
        return run(process.execPath, [compiler, ...options, 'use.ts'], folder)
      } catch (error) {
        return String((error as { readonly stdout: unknown }).stdout)
      }
    }
    const header = `import { parseTemplate, TemplateError } from 'fairlead/template'\n`
    const right = `const template = parseTemplate('', {
      missingKey: 'invalid',
      functions: { twice: (count: number) => 2 * count },
      limits: { steps: 10 },
    })
    export const text: string = template.execute({})
    export const code = (error: TemplateError): 'template_syntax' | 'template_failed' => error.code
    `
    expect(check(header + right)).toBe('')
    expect(check(`${header}parseTemplate('', { missingKey: 'wrong' })`)).toContain(
      'is not assignable to type',
    )
  })
})
