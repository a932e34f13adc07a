import { describe, expect, it } from 'vitest'
import { readLabels } from './labels.ts'

describe('the labels of an endpoint', () => {
  it('are read by type', () => {
    const labels = readLabels({
      enable: 'TRUE',
      port: ' 8080 ',
      host: 'A.org, b.org.,a.org:80',
      default: 'yes',
      weight: '256',
      check: '/health?x=1',
      balance: 'LeastConn',
      slowstart: '1m',
      maxconn: '10',
      network: 'front',
      role: 'proxy',
    })
    expect(labels).toMatchObject({
      isEnabled: true,
      port: 8080,
      weight: 256,
      maxconn: 10,
      slowstartMs: 60_000,
      service: { host: 'a.org,b.org', default: 'true', check: '/health?x=1', balance: 'leastconn' },
      problems: [],
    })
  })

  it('are told apart from none at all', () => {
    expect(readLabels({}).isLabelled).toBe(false)
    expect(readLabels({ network: 'front', role: 'x' }).isLabelled).toBe(false)
    expect(readLabels({ enable: 'false' }).isLabelled).toBe(false)
    expect(readLabels({ enable: 'true' }).isLabelled).toBe(true)
    expect(readLabels({ prot: '80' }).isLabelled).toBe(true)
  })

  it('name the key that an unknown one was meant to be', () => {
    expect(readLabels({ prot: '80' }).problems).toEqual([
      {
        key: 'prot',
        what: 'there is no such label; it is ignored',
        hint: 'did you mean fairlead.port?',
      },
    ])
    expect(readLabels({ colour: 'red' }).problems[0]?.hint).toMatch(
      /^known are fairlead.enable, fairlead.port/,
    )
  })

  it.each([
    ['enable', 'maybe'],
    ['port', '0'],
    ['port', '65536'],
    ['port', '80/tcp'],
    ['weight', '257'],
    ['weight', '-1'],
    ['weight', '1.5'],
    ['check', 'health'],
    ['check', '/a b'],
    ['check', '/a\nb'],
    ['check', `/${'a'.repeat(2000)}`],
    ['balance', 'static-rr'],
    ['slowstart', '10'],
    ['slowstart', '30h'],
    ['maxconn', '0'],
    ['host', 'a b'],
    ['default', ''],
    ['sticky', 'ip'],
    ['sticky.cookie', 'a b'],
    ['sticky.cookie', 'x; Domain=org'],
    ['sticky.secure', 'tls'],
  ])('leave out %s=%j and say so', (key, value) => {
    const labels = readLabels({ [key]: value })
    expect(labels.problems).toEqual([{ key, what: expect.stringMatching(/./), hint: '' }])
    expect({ ...labels, port: undefined }).toMatchObject({
      isEnabled: undefined,
      weight: undefined,
      maxconn: undefined,
      slowstartMs: undefined,
      service: { host: '', default: '', check: '', balance: '' },
    })
  })

  it('may have _ for the dot of a key, where no dot can be written', () => {
    const labels = readLabels({ sticky: 'Cookie', sticky_cookie: 'SID', sticky_secure: 'yes' })
    expect(labels.service).toMatchObject({
      sticky: 'cookie',
      'sticky.cookie': 'SID',
      'sticky.secure': 'true',
    })
    expect(labels.problems).toEqual([])
  })

  it('say that a cookie without stickiness has no effect', () => {
    const { problems } = readLabels({ sticky: 'none', 'sticky.cookie': 'SID' })
    expect(problems).toEqual([
      {
        key: 'sticky.cookie',
        what: 'it has no effect',
        hint: 'add the label fairlead.sticky=cookie',
      },
    ])
  })

  it('keep the good names of a host list that has a bad one', () => {
    const labels = readLabels({ host: 'a.org, b c, d.org' })
    expect(labels.service.host).toBe('a.org,d.org')
    expect(labels.problems).toHaveLength(1)
  })

  it('take a hundred names of a host list, not more', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `h${index}.org`)
    const labels = readLabels({ host: names.join(',') })
    expect(labels.service.host.split(',')).toHaveLength(100)
    expect(labels.problems).toHaveLength(1)
  })

  it('are shown short in a problem, however long they are', () => {
    const labels = readLabels({ weight: '9'.repeat(60_000), ['k'.repeat(60_000)]: 'x' })
    for (const { what } of labels.problems) expect(what.length).toBeLessThan(200)
  })
})
