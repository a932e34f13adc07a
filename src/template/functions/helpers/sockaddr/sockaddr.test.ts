import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderedHelpers } from '../../../../../test/support/helper-template.ts'
import { defaultInterfaceOf } from './host-addresses.ts'
import type { Host, HostAddress, InterfaceFlag } from './host-addresses.ts'
import { parseNetwork } from './ip-network.ts'
import { sockaddrText } from './sockaddr-template.ts'
import { TemplateError } from '../../../template-error.ts'

const up: readonly InterfaceFlag[] = ['up', 'broadcast', 'multicast']

function address(name: string, text: string, flags = up): HostAddress {
  const network = parseNetwork(text)
  if (network === undefined) throw new Error(`no address: ${text}`)
  return { ...network, name, flags }
}

const host: Host = {
  addresses: [
    address('lo', '127.0.0.1/8', ['up', 'loopback']),
    address('lo', '::1/128', ['up', 'loopback']),
    address('docker0', '172.17.0.1/16'),
    address('eth0', '10.1.2.3/24'),
    address('eth0', 'fd00::2/64'),
    address('eth0', 'fe80::2/64'),
    address('eth1', '8.8.4.4/28'),
    address('eth2', '10.9.9.9/30', ['broadcast']),
  ],
  defaultInterface: 'eth0',
}

const all = 'GetAllInterfaces'

describe('sockaddr', () => {
  it.each([
    ['GetPrivateIP', '10.1.2.3'],
    ['GetPrivateIPs', '172.17.0.1 10.1.2.3 fd00::2'],
    ['GetPublicIP', '8.8.4.4'],
    ['GetPublicIPs', '8.8.4.4'],
    ['GetInterfaceIP "eth0"', '10.1.2.3'],
    ['GetInterfaceIPs "eth0"', '10.1.2.3 fd00::2'],
    ['GetInterfaceIP "none"', ''],
    ['GetDefaultInterfaces | join "address" ","', '10.1.2.3,fd00::2,fe80::2'],
    ['GetPrivateInterfaces | exclude "type" "IPv6" | join "name" " "', 'eth0 docker0'],
    ['. | include "name" "^lo$" | join "string" " "', '127.0.0.1/8 ::1'],
    [`${all} | include "network" "10.0.0.0/8|8.0.0.0/8" | join "name" " "`, 'eth0 eth1 eth2'],
    [`${all} | include "rfc" "1918" | exclude "flags" "up" | attr "name"`, 'eth2'],
    [`${all} | include "flags" "link-local unicast" | attr "address"`, 'fe80::2'],
    [`${all} | include "flags" "loopback" | unique "name" | join "name" " "`, 'lo'],
    [`${all} | include "flags" "global unicast" | include "size" "64" | attr "address"`, 'fd00::2'],
    [`${all} | include "address" "^172" | attr "flags"`, 'up|broadcast|multicast'],
    [`${all} | sort "-type,-size,+address" | limit 3 | join "address" " "`, '::1 fd00::2 fe80::2'],
    [
      `${all} | include "type" "ipv4" | sort "default,private,-name" | join "name" " "`,
      'eth0 lo eth2 docker0 eth1',
    ],
    [`${all} | offset -2 | limit 1 | attr "name"`, 'eth1'],
    [`${all} | include "name" "none" | attr "address"`, ''],
    [
      `range GetDefaultInterfaces | limit 2 }}{{ Attr "address" . }} {{ .Name }};{{ end`,
      '10.1.2.3 eth0;fd00::2 eth0;',
    ],
  ])('%s', (expression, expected) => {
    expect(sockaddrText(expression, host)).toBe(expected)
  })

  it.each([
    ['network', '10.1.2.0/24'],
    ['netmask', '255.255.255.0'],
    ['broadcast', '10.1.2.255'],
    ['first_usable', '10.1.2.1'],
    ['last_usable', '10.1.2.254'],
    ['size', '256'],
    ['mask_bits', '24'],
    ['hex', '0a010203'],
    ['binary', '00001010000000010000001000000011'],
    ['octets', '10 1 2 3'],
    ['uint32', '167838211'],
    ['Type', 'IPv4'],
    ['port', '0'],
  ])('has the attribute %s', (name, expected) => {
    expect(sockaddrText(`GetPrivateInterfaces | attr "${name}"`, host)).toBe(expected)
  })

  it.each([
    ['"address" "+256"', '10.1.3.3/24'],
    ['"address" "-167838212"', '255.255.255.255/24'],
    ['"network" "+2"', '10.1.2.2/24'],
    ['"network" "-1"', '10.1.2.255/24'],
    ['"network" "+258"', '10.1.2.2/24'],
    ['"mask" "16"', '10.1.0.0/16'],
    ['"mask" "28"', '10.1.2.0/24'],
  ])('calculates %s', (operation, expected) => {
    expect(sockaddrText(`GetPrivateInterfaces | math ${operation} | attr "string"`, host)).toBe(
      expected,
    )
  })

  it.each([
    [
      'Nope',
      'unable to parse template "{{ Nope }}": template: sockaddr.Parse:1: function "Nope" not defined',
    ],
    [
      `${all} | include "colour" "red"`,
      'unable to execute sockaddr input "{{ GetAllInterfaces | include \\"colour\\" \\"red\\" }}": ',
    ],
    [`${all} | include "colour" "red"`, 'invalid include selector "colour"'],
    [`${all} | include "flags" "x"`, 'unknown interface flag: "x"'],
    [`${all} | include "rfc" "1"`, 'unsupported RFC 1'],
    [`${all} | include "network" "x"`, 'unable to create an IP address from "x"'],
    [
      `${all} | include "name" "["`,
      'unable to compile name regexp "[": error parsing regexp: missing closing ]',
    ],
    [`${all} | include "type" "ipx"`, 'unsupported type "ipx" "ipx"'],
    [`${all} | sort "colour"`, 'unknown sort type: "colour"'],
    [`${all} | unique "size"`, 'unsupported unique constraint "size"'],
    [`${all} | attr "colour"`, 'unsupported attribute "colour" of an IPv4 address'],
    [`${all} | offset 9`, 'offset (9) exceeds the number of interfaces (8)'],
    [`${all} | math "mask" "33"`, 'must be between 0 and 32'],
    [`${all} | math "address" "1"`, 'sign (+/-) is required for operation "address"'],
    ['range 1000000000 }}{{ end', 'more than 100000 steps'],
  ])('%s fails', (expression, reason) => {
    expect(() => sockaddrText(expression, host)).toThrow(reason)
  })

  it('has no default interface where there is no such route', () => {
    const lone = { ...host, defaultInterface: undefined }
    expect(() => sockaddrText('GetDefaultInterfaces', lone)).toThrow('no default interface found')
    expect(sockaddrText('GetPrivateIP', lone)).toBe('172.17.0.1')
  })

  it('knows this machine', () => {
    const template =
      '{{sockaddr "GetAllInterfaces | include \\"flags\\" \\"loopback\\" | include \\"type\\" \\"ipv4\\" |" "attr \\"address\\""}}'
    expect(renderedHelpers(template)).toBe('127.0.0.1')
  })

  it('finds the interface of the default route', () => {
    const routes = [
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
      'tun0\t00000000\t010200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0',
      'eth1\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0',
      'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
      '',
    ].join('\n')
    expect(defaultInterfaceOf(routes)).toBe('eth1')
    expect(defaultInterfaceOf('')).toBeUndefined()
  })

  it('gives a text or a template error for any words', () => {
    const words = fc.constantFrom(
      all,
      '|',
      'include',
      'sort',
      'math',
      'attr',
      'join',
      'limit',
      '.',
      '"name"',
      '"-1"',
      '"address"',
      '3',
      '-2',
      'nil',
      'GetPrivateIP',
      'offset',
      '(',
      ')',
    )
    fc.assert(
      fc.property(fc.array(words, { maxLength: 8 }), (chosen) => {
        try {
          expect(typeof sockaddrText(chosen.join(' '), host)).toBe('string')
        } catch (error) {
          expect(error).toBeInstanceOf(TemplateError)
        }
      }),
    )
  })
})
