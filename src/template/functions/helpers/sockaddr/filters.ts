import { RE2JS } from 're2js'
import { messageOf } from '../../../../model/errors.ts'
import { callFailure } from '../../../go/failure.ts'
import { quote } from '../../../go/quote.ts'
import { textOfNetwork } from './attributes.ts'
import type { HostAddress } from './host-addresses.ts'
import { isWithin, parseNetwork, widthOf } from './ip-network.ts'
import type { IpNetwork } from './ip-network.ts'
import { networks, networksOfRfcs, unforwardable } from './known-networks.ts'

type Test = (address: HostAddress) => boolean

const quoted = (text: string): string => quote(text, { isAscii: true })

const isAmong = (address: IpNetwork, among: readonly IpNetwork[]): boolean =>
  among.some((network) => isWithin(address, network))

function pattern(kind: string, expression: string): RE2JS {
  try {
    return RE2JS.compile(expression)
  } catch (error) {
    throw callFailure(
      `unable to compile ${kind} regexp ${quoted(expression)}: ${messageOf(error)}`,
      error,
    )
  }
}

/** Kinds of addresses, whatever the size of their networks. */
const kinds: ReadonlyMap<string, readonly IpNetwork[]> = new Map([
  ['multicast', networks('224.0.0.0/4 ff00::/8')],
  ['link-local multicast', networks('224.0.0.0/24 ff02::/16')],
  ['interface-local multicast', networks('ff01::/16')],
  ['link-local unicast', networks('169.254.0.0/16 fe80::/10')],
  ['loopback', networks('127.0.0.0/8 ::1/128')],
  ['unspecified', networks('0.0.0.0/32 ::/128')],
])

const notGlobal = [
  ...networks('255.255.255.255/32'),
  ...['multicast', 'link-local unicast', 'loopback', 'unspecified'].flatMap(
    (kind) => kinds.get(kind) ?? [],
  ),
]

const isIn = (address: HostAddress, among: readonly IpNetwork[]): boolean =>
  isAmong({ ...address, maskBits: widthOf(address) }, among)

const interfaceFlags = ['up', 'broadcast', 'loopback', 'point-to-point', 'multicast'] as const

/** Interfaces that have all the flags; or addresses of one of the kinds. */
function byFlags(text: string): Test {
  const words = text.toLowerCase().split('|')
  const flags = interfaceFlags.filter((flag) => words.includes(flag))
  const isAboutInterfaces = flags.length > 0 || words.includes('down')
  const tests = words.map((word): Test => {
    if (word === 'forwardable') return (address) => !isAmong(address, unforwardable)
    if (word === 'global unicast') return (address) => !isIn(address, notGlobal)
    const among = kinds.get(word)
    if (among !== undefined) return (address) => isIn(address, among)
    if (word === 'down' || interfaceFlags.some((flag) => flag === word)) return () => false
    throw callFailure(`unknown interface flag: ${quoted(word)}`)
  })
  return (address) =>
    (isAboutInterfaces && flags.every((flag) => address.flags.includes(flag))) ||
    tests.some((test) => test(address))
}

export const isPrivate = (address: HostAddress): boolean =>
  isAmong(address, networksOfRfcs.get(6890) ?? [])

function byRfcs(text: string): Test {
  const among = text.split('|').flatMap((number) => {
    const found = /^\d+$/.test(number) ? networksOfRfcs.get(Number(number)) : undefined
    if (found === undefined) throw callFailure(`unsupported RFC ${number}`)
    return found
  })
  return (address) => isAmong(address, among)
}

function byNetworks(text: string): Test {
  const among = text.split('|').map((each) => {
    const network = parseNetwork(each)
    if (network === undefined) {
      throw callFailure(`unable to create an IP address from ${quoted(each)}`)
    }
    return network
  })
  return (address) => isAmong(address, among)
}

const types: Readonly<Record<string, Test>> = {
  ip: () => true,
  ipv4: ({ version }) => version === 4,
  ipv6: ({ version }) => version === 6,
  unix: () => false,
}

function byTypes(text: string): Test {
  const tests = text
    .toLowerCase()
    .split('|')
    .map((type) => {
      const test = Object.hasOwn(types, type) ? types[type] : undefined
      if (test === undefined) throw callFailure(`unsupported type ${quote(type)} ${quote(text)}`)
      return test
    })
  return (address) => tests.some((test) => test(address))
}

function bySize(text: string): Test {
  if (!/^\d{1,3}$/.test(text)) throw callFailure(`invalid size argument (${quote(text)})`)
  return ({ maskBits }) => maskBits === Number(text)
}

function byPattern(kind: string, text: string, textOf: (address: HostAddress) => string): Test {
  const compiled = pattern(kind, text)
  return (address) => compiled.matcher(textOf(address)).find()
}

const selectors: Readonly<Record<string, (text: string) => Test>> = {
  address: (text) => byPattern('address', text, textOfNetwork),
  flag: byFlags,
  flags: byFlags,
  name: (text) => byPattern('name', text, ({ name }) => name),
  network: byNetworks,
  port: (text) => byPattern('port', text, () => '0'),
  rfc: byRfcs,
  rfcs: byRfcs,
  size: bySize,
  type: byTypes,
}

/** Tells which addresses a selector of `include` or `exclude` means. */
export function selection(verb: 'include' | 'exclude', selector: string, text: string): Test {
  const key = selector.toLowerCase()
  const test = Object.hasOwn(selectors, key) ? selectors[key] : undefined
  if (test === undefined) throw callFailure(`invalid ${verb} selector ${quote(selector)}`)
  return test(text)
}
