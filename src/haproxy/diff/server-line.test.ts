import { describe, expect, it } from 'vitest'
import { isSameAddress, parseServerAddress, printServerAddress } from './address.ts'
import { flattenParams, parseServerLine } from './server-line.ts'

const flatten = (...lists: string[]): Record<string, unknown> =>
  Object.fromEntries(flattenParams(lists.map((list) => list.split(' '))).byKeyword)

describe('flattenParams', () => {
  it('lets later parameters replace earlier ones', () => {
    expect(flatten('check inter 2s', 'inter 5s weight 3')).toEqual({
      check: [],
      inter: ['5s'],
      weight: ['3'],
    })
  })

  it('takes away what is undone', () => {
    expect(flatten('check ssl no-tls-tickets backup', 'no-check tls-tickets no-ssl')).toEqual({
      backup: [],
    })
  })

  it('keeps the parts of a source together', () => {
    expect(flatten('source 10.0.0.1 usesrc clientip check')).toEqual({
      source: ['10.0.0.1', 'usesrc', 'clientip'],
      check: [],
    })
  })

  it('leaves out the admin state', () => {
    expect(flatten('disabled check', 'enabled')).toEqual({ check: [] })
  })

  it('stops at a word it does not know', () => {
    expect(flattenParams([['check', 'frobnicate', '3']]).unknown).toBe('frobnicate')
  })
})

describe('parseServerLine', () => {
  it('keeps the admin state apart from the parameters', () => {
    const line = { text: "  server 'a' 10.0.0.1:80 disabled check # x", number: 3 }
    expect(parseServerLine(line)).toEqual({
      name: 'a',
      address: '10.0.0.1:80',
      params: ['check'],
      isDisabled: true,
      number: 3,
    })
  })
})

describe('parseServerAddress', () => {
  it('reads the forms that HAProxy has for an IP address', () => {
    const forms = [
      '10.0.0.1:80',
      'ipv4@10.0.0.1:80',
      '[::1]:80',
      '::1:80',
      'ipv6@[::1]:80',
      '10.0.0.1',
    ]
    expect(
      forms.map((form) => parseServerAddress(form)).map((read) => read && printServerAddress(read)),
    ).toEqual(['10.0.0.1:80', '10.0.0.1:80', '[::1]:80', '[::1]:80', '[::1]:80', '10.0.0.1'])
  })

  it('leaves alone what is not a plain address and port', () => {
    for (const form of [
      'db:80',
      '/run/x.sock',
      '10.0.0.1:+80',
      'unix@/x',
      '10.0.0.1:a',
      '[::g]:80',
    ]) {
      expect(parseServerAddress(form)).toBeUndefined()
    }
  })

  it('knows an IPv6 address in any of its writings', () => {
    expect(isSameAddress('::1', '0:0:0:0:0:0:0:1')).toBe(true)
    expect(isSameAddress('FD00::1', 'fd00::1')).toBe(true)
    expect(isSameAddress('::1', '::2')).toBe(false)
    expect(isSameAddress('::1', '127.0.0.1')).toBe(false)
  })
})
