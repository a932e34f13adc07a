import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CliContext } from './context.ts'
import { run } from './program.ts'
import { renderTemplateFailure } from './render/template-failure.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-render-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function render(...argv: string[]) {
  const outcome = { code: -1, out: '', err: '' }
  const context: CliContext = {
    environment: { WHO: 'ann' },
    isRoot: false,
    homeFolder: folder,
    isTerminal: false,
    cwd: folder,
    columns: 100,
    rows: 20,
    hasColour: false,
    out: (text) => {
      outcome.out += text
    },
    err: (text) => {
      outcome.err += text
    },
    now: () => 0,
    untilInterrupted: () => AbortSignal.abort(),
    runDaemon: () => Promise.reject(new Error('no daemon is to be run here')),
    stopOrphan: () => Promise.resolve(false),
  }
  outcome.code = await run(['render', ...argv], context)
  return outcome
}

function put(name: string, content: string | Uint8Array): void {
  writeFileSync(join(folder, name), content)
}

const instance = (id: string, address: string) => ({
  Node: { Node: 'n1', Address: address },
  Service: { ID: id, Service: 'web', Port: 80, Address: '' },
})
const data = {
  site: 'shop',
  consul: {
    services: { web: [instance('web-2', '10.0.0.2'), instance('web-1', '10.0.0.1')] },
    kv: { 'conf/mode': 'http' },
  },
}
const haproxy =
  'backend {{.site}}\n  mode {{key "conf/mode"}}{{range service "web"}}\n' +
  '  server {{.ID}} {{.Address}}:{{.Port}}{{end}}\n'
const rendered =
  'backend shop\n  mode http\n  server web-1 10.0.0.1:80\n  server web-2 10.0.0.2:80\n'

describe('fairlead render', () => {
  beforeEach(() => {
    put('data.json', JSON.stringify(data))
    put('haproxy.ctmpl', haproxy)
  })

  it.each([['-data', 'data.json'], ['--data', 'data.json'], ['-data=data.json']])(
    'renders from the file of %s',
    async (...option) => {
      const outcome = await render(...option, 'haproxy.ctmpl')
      expect(outcome).toEqual({ code: 0, out: rendered, err: '' })
    },
  )

  it('writes to a file', async () => {
    const outcome = await render('-data', 'data.json', '-o', 'haproxy.cfg', 'haproxy.ctmpl')
    expect(outcome).toEqual({ code: 0, out: '', err: '' })
    expect(readFileSync(join(folder, 'haproxy.cfg'), 'utf8')).toBe(rendered)
  })

  it('keeps bytes that are not UTF-8, in a file', async () => {
    put('bytes.ctmpl', Uint8Array.of(0x61, 0xff, 0x0a))
    expect(await render('bytes.ctmpl', '-o', 'bytes')).toMatchObject({ code: 0 })
    expect([...readFileSync(join(folder, 'bytes'))]).toEqual([0x61, 0xff, 0x0a])
    const toStandardOutput = await render('bytes.ctmpl')
    expect(toStandardOutput).toMatchObject({ code: 2, out: '' })
    expect(toStandardOutput.err).toContain('write it to a file with -o')
  })

  it('lists what the data does not have, and ends with 1', async () => {
    put('more.ctmpl', '{{key "conf/mode"}}{{key "conf/port"}}{{key "x"}}{{keyOrDefault "y" "z"}}')
    const outcome = await render('-data', 'data.json', '-o', 'out', 'more.ctmpl')
    expect(outcome).toEqual({
      code: 1,
      out: '',
      err:
        'fairlead: more.ctmpl: the data has no answer for\n' +
        '  kv.block(conf/port)\n  kv.block(x)\n' +
        ' hint: put it under "consul" in the data (docs/templates.md), or ask so that it may be absent\n',
    })
    expect(() => readFileSync(join(folder, 'out'))).toThrow('ENOENT')
  })

  it('shows where a template is wrong', async () => {
    put('wrong.ctmpl', 'a\n\té {{index .site "x"}}\n')
    expect(await render('-data', 'data.json', 'wrong.ctmpl')).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(
        /^fairlead: wrong\.ctmpl:2:6: executing "" at <index .*\n {3}é \{\{index .site "x"}}\n {7}\^\n$/,
      ),
    })
  })

  it.each([
    [['none.ctmpl'], 'fairlead: none.ctmpl: the template cannot be read: ENOENT'],
    [['-data', 'none.json', 'haproxy.ctmpl'], 'fairlead: none.json: the data cannot be read'],
    [['-data', 'haproxy.ctmpl', 'haproxy.ctmpl'], 'fairlead: haproxy.ctmpl: the data is no JSON'],
    [['-o', 'no/folder', 'text.ctmpl'], 'fairlead: no/folder cannot be written: ENOENT'],
    [[], "fairlead: missing required argument 'template'"],
  ])('ends with 2 for %j', async (argv, message) => {
    put('text.ctmpl', 'text')
    const { code, err } = await render(...argv)
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) })
  })

  it('takes other delimiters, and the environment', async () => {
    put('other.ctmpl', '[[env "WHO"]] {{.}}')
    const delimiters = ['--left-delimiter', '[[', '--right-delimiter', ']]']
    expect(await render('other.ctmpl', ...delimiters)).toMatchObject({ out: 'ann {{.}}' })
  })

  it('refuses a missing key of a map only when told to', async () => {
    put('key.ctmpl', '[{{.nope}}]')
    expect(await render('-data', 'data.json', 'key.ctmpl')).toMatchObject({ code: 0 })
    const strict = await render('-data', 'data.json', '--error-on-missing-key', 'key.ctmpl')
    expect(strict).toMatchObject({ code: 1, err: expect.stringContaining('map has no entry') })
  })
})

describe('the failure of a template', () => {
  it.each([
    ['a {{nope}}', 'f: parse: template: :1: function "nope" not defined', 'f:1:5', '    ^'],
    ['{{x}} {{x}}', 'f: parse: template: :1: function "x" not defined', 'f:1', undefined],
    ['é {{len 1}}', 'f: execute: template: :1:5: executing "" at <len 1>: x', 'f:1:5', '    ^'],
    ['a', 'f: execute: what has no place', 'f', undefined],
    ['a', 'f: parse: template: :9: behind the end', 'f', undefined],
  ])('%j: %s', (text, message, place, mark) => {
    const [first = '', , below] = renderTemplateFailure({ name: 'f', text }, message).split('\n')
    expect(first.startsWith(`${place}: `)).toBe(true)
    expect(below?.slice(2) || undefined).toBe(mark)
  })
})
