import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type * as Shipped from './library-types.d.ts'
import * as library from './library.ts'
import { parseTemplate, TemplateError } from './library.ts'
import type { TemplateOptions } from './library.ts'

const render = (text: string, data?: unknown, options: TemplateOptions = {}): string =>
  parseTemplate(text, { name: 't', ...options }).execute(data)

function failure(text: string, data?: unknown, options?: TemplateOptions): string {
  try {
    return `no error: ${render(text, data, options)}`
  } catch (error) {
    if (error instanceof TemplateError) return `${error.code} ${error.message}`
    throw error
  }
}

class Box {
  readonly width = 2
  readonly height: number
  readonly #secret = 'hidden'

  constructor(height: number) {
    this.height = height
  }

  get area(): number {
    return this.width * this.height
  }

  times(factor: number, unit = ''): string {
    return `${this.area * factor}${unit}`
  }

  shown(): string {
    return this.#secret
  }
}

class Cube extends Box {
  override times(factor: number): string {
    return `cube ${super.times(factor)}`
  }
}

describe('data', () => {
  it.each([
    [1, 'int 1'],
    [-0, 'float64 -0'],
    [1.5, 'float64 1.5'],
    [2 ** 53, 'float64 9.007199254740992e+15'],
    [2n ** 62n, 'int 4611686018427387904'],
    [true, 'bool true'],
    ['é', 'string é'],
    [null, '<nil> <nil>'],
    [undefined, '<nil> <nil>'],
    [[1, 'a', null], '[]interface {} [1 a <nil>]'],
    [Uint8Array.of(104, 105), '[]uint8 [104 105]'],
    [{ b: 1, a: [2] }, 'map[string]interface {} map[a:[2] b:1]'],
    [new Map([['k', 1]]), 'map[string]interface {} map[k:1]'],
    [
      new Map([
        [10, 'x'],
        [9, 'y'],
      ]),
      'map[int]interface {} map[9:y 10:x]',
    ],
    [new Map([[7n, 'x']]), 'map[int]interface {} map[7:x]'],
    [new Map([[1.5, 'x']]), 'map[float64]interface {} map[1.5:x]'],
    [new Map([[true, 'x']]), 'map[bool]interface {} map[true:x]'],
    [new Map(), 'map[string]interface {} map[]'],
    [Object.create(null), 'map[string]interface {} map[]'],
    [new Box(3), 'main.Box {2 3}'],
  ])('%o is that in Go', (data, expected) => {
    expect(render('{{printf "%T %v" . .}}', data)).toBe(expected)
  })

  it.each([
    [new Date(0), 'data: a Date cannot be a value'],
    [{ a: [1, new Set([1])] }, 'data.a[1]: a Set cannot be a value'],
    [{ p: Promise.resolve() }, 'data.p: a Promise cannot be a value'],
    [/x/, 'data: a RegExp cannot be a value'],
    [new Error('x'), 'data: a Error cannot be a value'],
    [{ s: Symbol('s') }, 'data.s: a symbol cannot be a value'],
    [[2n ** 63n], 'data[0]: a bigint that is no 64-bit integer'],
    [
      new Map<unknown, unknown>([
        [1, 1],
        ['a', 1],
      ]),
      'data: a Map with keys of different types',
    ],
    [new Map([[{}, 1]]), 'data: a Map with a key that is no text, number or boolean'],
  ])('%o is refused, saying where', (data, expected) => {
    expect(failure('{{.}}', data)).toBe(`template_failed template: t: ${expected}`)
  })

  it('that throws when it is looked at is refused', () => {
    const data = {
      get broken(): never {
        throw new Error('not now')
      },
    }
    expect(failure('{{.}}', { a: data })).toBe('template_failed template: t: data.a: not now')
  })

  it('that contains itself, or is too deep, is refused', () => {
    const cyclic: { list: unknown[] } = { list: [] }
    cyclic.list.push(cyclic)
    expect(failure('{{.}}', cyclic)).toContain('data.list[0]: contains itself')
    let deep: unknown = 1
    for (let depth = 0; depth < 100_000; depth++) deep = [deep]
    expect(failure('{{.}}', deep)).toContain('nested too deep')
  })

  it('that contains something twice is not copied', () => {
    let wide: unknown = 'x'
    for (let depth = 0; depth < 100; depth++) wide = [wide, wide]
    expect(render('{{len .}}', wide)).toBe('2')
    expect(failure('{{.}}', wide)).toContain('text of more than 16777216 bytes')
  })
})

describe('an instance of a class', () => {
  it('has its own fields, and the methods and getters of its class', () => {
    const text = '{{.width}} {{.area}} {{.times 2}} {{.times 2 "cm"}} {{"m" | .times 3}} {{.shown}}'
    expect(render(text, new Box(3))).toBe('2 6 12 12cm 18m hidden')
    expect(render('{{.times 2}}', new Cube(3))).toBe('cube 12')
  })

  it('has no others', () => {
    expect(failure('{{.depth}}', new Box(3))).toBe(
      'template_failed template: t:1:2: executing "t" at <.depth>: ' +
        "can't evaluate field depth in type main.Box",
    )
    expect(failure('{{.constructor}}', new Box(3))).toContain("can't evaluate field constructor")
    expect(failure('{{.toString}}', new Box(3))).toContain("can't evaluate field toString")
  })

  it('is only itself', () => {
    const box = new Box(1)
    expect(render('{{eq .a .b}} {{eq .a .c}}', { a: box, b: box, c: new Box(1) })).toBe(
      'true false',
    )
  })
})

describe('functions', () => {
  it('get the very objects of the data', () => {
    const data = {
      list: [1, 2],
      box: new Box(1),
      map: new Map([[1, 'x']]),
      bytes: Uint8Array.of(1),
    }
    const same = (...args: unknown[]) =>
      args.every((arg, index) => arg === Object.values(data)[index])
    expect(render('{{same .list .box .map .bytes}}', data, { functions: { same } })).toBe('true')
  })

  it('get other values as JavaScript has them', () => {
    const given: unknown[] = []
    const take = (...args: unknown[]) => void given.push(...args)
    const text = '{{take 1 9007199254740993 1.5 "a" nil true .nope (slice .l 1) .f}}'
    const f = () => 1
    render(text, { l: ['a', 'b'], f }, { functions: { take } })
    expect(given).toEqual([1, 9007199254740993n, 1.5, 'a', null, true, null, ['b'], f])
  })

  it('give values that are converted as data is', () => {
    const functions = { pair: () => ({ a: 1, b: [new Box(2)] }), nothing: () => undefined }
    expect(render('{{(pair).a}}{{range (pair).b}} {{.area}}{{end}}', null, { functions })).toBe(
      '1 4',
    )
    expect(render('{{nothing}}', null, { functions })).toBe('<no value>')
    const later = { later: async () => 1 }
    expect(failure('{{later}}', null, { functions: later })).toBe(
      'template_failed template: t:1:2: executing "t" at <later>: ' +
        'error calling later: a Promise cannot be a value',
    )
  })

  it.each([
    [new Error('no such thing'), 'no such thing'],
    ['a text', 'a text'],
    [Object.create(null), 'something was thrown that is no Error'],
    [undefined, 'something was thrown that is no Error'],
  ])('that throw %o stop the template', (thrown, message) => {
    const broken = () => {
      throw thrown
    }
    expect(failure('\n {{ broken }}', null, { functions: { broken } })).toBe(
      `template_failed template: t:2:4: executing "t" at <broken>: error calling broken: ${message}`,
    )
  })

  it('in the data are called with call', () => {
    const data = { add: (a: number, b: number) => a + b, self: { f: (x: unknown) => x } }
    expect(render('{{call .add 1 2}} {{call .self.f "x"}}', data)).toBe('3 x')
    expect(failure('{{.add}}', data)).toContain("can't print")
  })

  it('come before those of Go', () => {
    expect(render('{{len "abc"}}', null, { functions: { len: () => 'mine' } })).toBe('mine')
  })

  it('have names that can stand in a template', () => {
    expect(failure('', null, { functions: { 'a-b': () => 1 } })).toBe(
      'template_syntax template: t: function name "a-b" is not a valid identifier',
    )
  })
})

describe('options', () => {
  it('name the template, its delimiters and what a missing key gives', () => {
    expect(render('<<.a>>{{', { a: 1 }, { leftDelimiter: '<<', rightDelimiter: '>>' })).toBe('1{{')
    expect(parseTemplate('').name).toBe('')
    for (const missingKey of ['default', 'invalid', 'zero'] as const) {
      expect(render('{{.a}}', {}, { missingKey })).toBe('<no value>')
    }
    expect(failure('{{.a}}', {}, { missingKey: 'error' })).toContain('map has no entry for key "a"')
    expect(failure('{{if}}')).toBe('template_syntax template: t:1: missing value for if')
  })

  it('set limits, each for itself', () => {
    expect(failure('{{range 100}}{{end}}', null, { limits: { steps: 50 } })).toContain('50 steps')
    expect(failure('{{range 100}}xx{{end}}', null, { limits: { outputBytes: 199 } })).toContain(
      'output of more than 199 bytes',
    )
  })
})

describe('the types that are shipped', () => {
  it('are those of the library', () => {
    // Checked by the compiler: each can stand for the other.
    const shipped: Omit<typeof Shipped, 'TemplateError'> = library
    const own: Omit<typeof library, 'TemplateError'> = shipped
    const error: Shipped.TemplateError = new TemplateError(
      'template_failed',
      'x',
    ) as TemplateError & {
      readonly code: Shipped.TemplateError['code']
    }
    expect(Object.keys(own).toSorted()).toEqual(['TemplateError', 'parseTemplate'])
    expect(error.hint).toBe('')
  })

  it('name everything the library exports', () => {
    const text = readFileSync(join(import.meta.dirname, 'library-types.d.ts'), 'utf8')
    const values = text.matchAll(/^export declare (?:class|function) (\w+)/gm)
    expect(Array.from(values, ([, name]) => String(name)).toSorted()).toEqual(
      Object.keys(library).toSorted(),
    )
  })
})
