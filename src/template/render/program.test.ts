import { describe, expect, it } from 'vitest'
import type { AnswerOf } from '../catalogue.ts'
import type { Knowledge, Surroundings } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import { valueOfJson } from '../go/values.ts'
import { TemplateError } from '../template-error.ts'
import { readOfflineData } from './offline-knowledge.ts'
import { createProgram } from './program.ts'
import type { ProgramOptions } from './program.ts'
import { RenderError } from './render-error.ts'

const surroundings: Surroundings = {
  environment: (name) => ({ HOME: '/root', EMPTY: '' })[name],
  now: () => new Date(0),
  workingFolder: '/nowhere',
  sandboxPath: undefined,
  hasEffects: false,
}

const program = (text: string, options: Partial<ProgramOptions> = {}) =>
  createProgram(text, { name: 'a.ctmpl', surroundings, ...options })

const nothing: Knowledge = { recall: () => undefined }

const instance = (node: string, id: string, port: number, status = 'passing') => ({
  Node: { Node: node, Address: `addr-${node}` },
  Service: { ID: id, Service: 'web', Port: port, Tags: ['b', 'a'], Meta: { zone: id } },
  Checks: [{ Node: node, CheckID: 'c', Status: status }],
})

const { knowledge } = readOfflineData({
  consul: {
    services: {
      web: [instance('n2', 'i2', 80), instance('n1', 'i9', 81, 'warning'), instance('N', 'i1', 80)],
    },
    kv: { 'conf/a': '1', 'conf/b/c': '2', 'conf/b/': '', 'conf/empty': '' },
  },
})

const render = (text: string, options: Partial<ProgramOptions> = {}) =>
  program(text, options).render(knowledge).text

/** Knowledge that counts how often it is asked. */
function counted() {
  const asked: string[] = []
  const counting: Knowledge = {
    recall<D extends Dependency>(dependency: D): AnswerOf[D['kind']] | undefined {
      asked.push(dependency.name)
      return knowledge.recall(dependency)
    },
  }
  return { asked, counting }
}

function failureOf(run: () => unknown): TemplateError {
  try {
    return expect.fail(`no error, but ${JSON.stringify(run())}`)
  } catch (error) {
    if (error instanceof TemplateError) return error
    throw error
  }
}

describe('a rendering', () => {
  it('says what was asked for, once each, in order, and what is missing', () => {
    const text =
      '{{range service "web"}}{{end}}{{key "no"}}{{service "web"}}{{ls "conf"}}{{key "no"}}'
    const { used, missing } = program(text).render(knowledge)
    expect(used.map(({ name }) => name)).toEqual([
      'health.service(web|passing)',
      'kv.block(no)',
      'kv.list(conf)',
    ])
    expect(missing.map(({ name }) => name)).toEqual(['kv.block(no)'])
  })

  it('asks for the same thing once', () => {
    const { asked, counting } = counted()
    program('{{key "conf/a"}}{{key "conf/a"}}{{key "/conf/a"}}').render(counting)
    expect(asked).toEqual(['kv.block(conf/a)'])
  })

  it('of a template that knows nothing yet has empty values', () => {
    const text =
      '[{{key "a"}}|{{keyOrDefault "a" "d"}}|{{keyExists "a"}}|{{len (service "a")}}|{{len (ls "a")}}|' +
      '{{(node "a").Node.Address}}|{{len nodes}}{{len services}}{{len datacenters}}|{{file "a"}}]'
    expect(program(text).render(nothing).text).toBe('[|d|false|0|0|<no value>|000|]')
  })

  it('can be had again with other knowledge', () => {
    const one = program('{{key "conf/a"}}')
    expect(one.render(nothing).missing).toHaveLength(1)
    expect(one.render(knowledge)).toMatchObject({ text: '1', missing: [] })
  })

  it('has nil as its root, or the value that is given', () => {
    const one = program('{{.}} {{.x}}')
    expect(one.render(nothing).text).toBe('<no value> <no value>')
    expect(one.render(nothing, valueOfJson({ x: 1 })).text).toBe('map[x:1] 1')
  })

  it('waits for what the safe functions find empty', () => {
    expect(program('{{ls "none"}}{{tree "none"}}').render(knowledge).missing).toEqual([])
    for (const text of ['{{safeLs "conf/b"}}{{safeLs "conf/b/c"}}', '{{safeTree "none"}}']) {
      expect(program(text).render(knowledge).missing).toHaveLength(1)
    }
    expect(program('{{safeLs "conf"}}{{safeTree "conf"}}').render(knowledge).missing).toEqual([])
  })
})

describe('what templates see', () => {
  it.each([
    ['{{range service "web"}}{{.ID}}@{{.Node}} {{end}}', 'i1@N i2@n2 '],
    ['{{range service "web|any"}}{{.ID}}:{{.Status}} {{end}}', 'i1:passing i9:warning i2:passing '],
    ['{{range service "web~x|any"}}{{.ID}} {{end}}', 'i2 i9 i1 '],
    ['{{(index (service "web") 0).Checks.AggregatedStatus}}', 'passing'],
    [
      '{{with index (service "web") 0}}{{.Address}}:{{.Port}}{{.Tags}}{{.Weights}}{{end}}',
      'addr-N:80[a b]{1 1}',
    ],
    ['{{with index (service "web") 0}}[{{.ServiceMeta.zone}}{{.ServiceMeta.none}}]{{end}}', '[i1]'],
    [
      '{{printf "%T %T" (service "web") (index (service "web") 0).Tags}}',
      '[]*dependency.HealthService dependency.ServiceTags',
    ],
    ['{{range services}}{{.Name}}{{.Tags}}{{end}}', 'web[a b]'],
    ['{{range nodes}}{{.Node}} {{end}}', 'N n1 n2 '],
    [
      '{{with node "n1"}}{{.Node.Address}}{{range .Services}}{{.Service}}/{{.ID}}{{end}}{{end}}',
      'addr-n1web/i9',
    ],
    ['{{with node "x"}}{{.Node}}{{len .Services}}{{end}}', '<nil>0'],
    ['{{range tree "conf"}}{{.Key}}={{.Value}} {{end}}', 'a=1 b/c=2 empty= '],
    ['{{range ls "conf"}}{{.Path}} {{end}}', 'conf/a conf/empty '],
    ['{{range tree "con"}}{{.Key}} {{end}}', 'f/a f/b/c f/empty '],
    ['{{keyExists "conf/empty"}}{{keyExists "no"}}{{keyExists ""}}', 'truefalsefalse'],
    ['[{{key ""}}{{ls ""}}{{keyOrDefault "" "d"}}{{keyOrDefault "conf/empty" "d"}}]', '[[]dd]'],
    [
      '[{{env "HOME"}}{{env "NO"}}{{envOrDefault "EMPTY" "d"}}{{envOrDefault "NO" "d"}}]',
      '[/rootd]',
    ],
    ['{{len service}}{{len (service "")}}{{len (connect "web")}}{{len datacenters}}', '0000'],
  ])('%s gives %s', (text, expected) => {
    expect(render(text)).toBe(expected)
  })

  it.each([
    [
      '{{(index (service "web") 0).Nope}}',
      "can't evaluate field Nope in type *dependency.HealthService",
    ],
    ['{{(node "x").Node.Address}}', 'nil pointer evaluating *dependency.Node.Address'],
    ['{{service "a" "b" "c"}}', 'error calling service: health.service: invalid format: "a|b|c"'],
    [
      '{{datacenters true true}}',
      'datacenters: wrong number of arguments, expected 0 or 1, but got 2',
    ],
    ['{{mustEnv "EMPTY"}}', 'required environment variable EMPTY is empty'],
    ['{{file " "}}', 'error calling file: file: invalid format: ""'],
    ['{{secret "a" "b=c"}}', 'error calling secret: secret is not supported by fairlead'],
  ])('%s fails', (text, message) => {
    expect(() => render(text)).toThrow(message)
  })
})

describe('mistakes', () => {
  it('begin with the name of the source', () => {
    const parse = failureOf(() => program('{{nope}}'))
    expect(parse.message).toBe('a.ctmpl: parse: template: :1: function "nope" not defined')
    expect(parse.code).toBe('template_syntax')
    const execute = failureOf(() => render('\n{{index nil 1}}'))
    expect(execute.message).toBe(
      'a.ctmpl: execute: template: :2:2: executing "" at <index nil 1>: ' +
        'error calling index: index of untyped nil',
    )
    expect(execute.code).toBe('template_failed')
  })

  it('know what was missing, since that may be why', () => {
    const failure = failureOf(() =>
      program('{{(index (service "web") 0).Address}}').render(nothing),
    )
    expect(failure).toBeInstanceOf(RenderError)
    expect(failure).toMatchObject({ missing: [{ name: 'health.service(web|passing)' }] })
  })

  it('are missing keys only if that is wanted', () => {
    const text = '{{with $m := explodeMap .}}[{{$m.no}}]{{end}}'
    const dot = valueOfJson({ a: 1 })
    expect(program(text).render(nothing, dot).text).toBe('[<no value>]')
    const strict = program(text, { isErrorOnMissingKey: true })
    expect(() => strict.render(nothing, dot)).toThrow('map has no entry for key "no"')
  })

  it('are functions that are denied, by glob, and only when they are called', () => {
    const denied = { deniedFunctions: ['key*', 'by?ey', 'a.c'] }
    for (const text of ['{{key "conf/a"}}', '{{keyExists "a"}}', '{{byKey (ls "a")}}']) {
      expect(() => render(text, denied)).toThrow('function is disabled')
    }
    expect(render('{{if false}}{{key "a"}}{{end}}{{byTag nil}}', denied)).toBe('map[]')
  })
})

describe('files', () => {
  it('are asked for by their path in the working folder', () => {
    const { used } = program('{{file " a/b "}}{{file "/c"}}{{file ""}}').render(nothing)
    expect(used).toEqual([
      { kind: 'file', name: 'file(a/b)', path: '/nowhere/a/b' },
      { kind: 'file', name: 'file(/c)', path: '/c' },
    ])
  })

  it('outside of the sandbox are an error', () => {
    const inBox = program('{{file "/"}}', {
      surroundings: { ...surroundings, sandboxPath: '/usr' },
    })
    expect(() => inBox.render(nothing)).toThrow("'/' is outside of sandbox")
  })
})

describe('delimiters', () => {
  it('can be others', () => {
    expect(render('{{<<key "conf/a">>', { leftDelimiter: '<<', rightDelimiter: '>>' })).toBe('{{1')
  })
})
