import { messageOf } from '../../../../model/errors.ts'
import { callFailure } from '../../../go/failure.ts'
import { goFunction } from '../../../go/functions.ts'
import { quote } from '../../../go/quote.ts'
import { execute, parseTemplate } from '../../../go/template.ts'
import type { Template } from '../../../go/template.ts'
import { anyType, intType, sliceOf, stringType, uint64Type } from '../../../go/types.ts'
import type { SliceType, StructType } from '../../../go/types.ts'
import { isA, list, typeOf } from '../../../go/values.ts'
import type { GoFunction, List, Struct, Value } from '../../../go/values.ts'
import type { FunctionSet } from '../../function-set.ts'
import { changed } from './address-math.ts'
import { attributeOf, textOfNetwork } from './attributes.ts'
import { selection } from './filters.ts'
import type { Host, HostAddress } from './host-addresses.ts'
import { sorted } from './order.ts'

type Addresses = readonly HostAddress[]

const addressType: StructType = {
  kind: 'struct',
  name: 'sockaddr.IfAddr',
  fields: new Map([['Name', stringType]]),
}
const addressesType = { ...sliceOf(addressType), name: 'sockaddr.IfAddrs' } as SliceType<List>

/** The addresses that structs stand for. */
const addressesOfStructs = new WeakMap<Struct, HostAddress>()

function toStruct(address: HostAddress): Struct {
  const text = `${textOfNetwork(address)} ${address.name}`
  const struct: Struct = {
    kind: 'struct',
    type: addressType,
    fields: new Map([['Name', address.name]]),
    text,
  }
  addressesOfStructs.set(struct, address)
  return struct
}

const toList = (addresses: Addresses): List => list(addressesType, addresses.map(toStruct))

function fromValue(value: Value): HostAddress | undefined {
  return isA(value, 'struct') ? addressesOfStructs.get(value) : undefined
}

const fromList = ({ items }: List): Addresses => items.flatMap((item) => fromValue(item) ?? [])

/** Addresses that other hosts can be reached by, private ones or the others. */
function reachable(host: Host, isPrivate: boolean, order: string): Addresses {
  const forwardable = selection('include', 'flags', 'forwardable')
  const isUp = selection('include', 'flags', 'up')
  const isSetAside = selection('include', 'rfc', '6890')
  const found = host.addresses.filter(
    (each) => forwardable(each) && isUp(each) && isSetAside(each) === isPrivate,
  )
  return sorted(host, order, found)
}

function ofInterface(host: Host, name: string): Addresses {
  const isNamed = selection('include', 'name', name)
  const forwardable = selection('include', 'flags', 'forwardable')
  const found = host.addresses.filter((each) => isNamed(each) && forwardable(each))
  return sorted(host, 'type,size', found)
}

function ofDefaultInterface({ addresses, defaultInterface }: Host): Addresses {
  if (defaultInterface === undefined) throw callFailure('no default interface found')
  return addresses.filter(({ name }) => name === defaultInterface)
}

const joined = (attribute: string, separator: string, addresses: Addresses): string =>
  addresses.map((each) => attributeOf(attribute, each)).join(separator)

/** Both for a list, of which the first counts, and for one address. */
const attr = goFunction([stringType, anyType], (name, value) => {
  const isList = isA(value, 'list') && value.type.name === addressesType.name
  const [address] = isList ? fromList(value) : [fromValue(value)]
  if (address !== undefined) return attributeOf(name, address)
  if (isList) return ''
  const type = value === null ? '<nil>' : typeOf(value).name
  throw callFailure(`unable to obtain attribute ${name} from type ${type}`)
})

function unique(attribute: string, addresses: Addresses): Addresses {
  const key = attribute.toLowerCase()
  if (key !== 'address' && key !== 'name') {
    throw callFailure(`unsupported unique constraint ${quote(attribute)}`)
  }
  const textOf = (each: HostAddress) => (key === 'name' ? each.name : textOfNetwork(each))
  return addresses.filter((each, at) => {
    const before = addresses[at - 1]
    return before === undefined || textOf(before) !== textOf(each)
  })
}

function offset(count: bigint, addresses: Addresses): Addresses {
  const size = count < 0n ? -count : count
  if (size > BigInt(addresses.length)) {
    throw callFailure(
      `unable to seek past the end of the interface array: offset (${size}) exceeds the number of interfaces (${addresses.length})`,
    )
  }
  return addresses.slice(Number(count < 0n ? BigInt(addresses.length) + count : count))
}

const source = (read: () => Addresses): GoFunction => goFunction([], () => toList(read()))

const step = (change: (text: string, addresses: Addresses) => Addresses): GoFunction =>
  goFunction([stringType, addressesType], (text, given) => toList(change(text, fromList(given))))

const filter = (verb: 'include' | 'exclude'): GoFunction =>
  goFunction([stringType, stringType, addressesType], (selector, text, given) => {
    const isMeant = selection(verb, selector, text)
    return toList(fromList(given).filter((each) => isMeant(each) === (verb === 'include')))
  })

/** Private ones first on the default interface, or all by type and size. */
const single = 'default,type,size'
const several = 'type,size'

function functionsOf(host: Host): FunctionSet {
  const firstOf = (addresses: Addresses) => joined('address', ' ', addresses.slice(0, 1))
  const allOf = (addresses: Addresses) => joined('address', ' ', addresses)
  return {
    GetAllInterfaces: source(() => host.addresses),
    GetDefaultInterfaces: source(() => ofDefaultInterface(host)),
    GetPrivateInterfaces: source(() => reachable(host, true, single)),
    GetPublicInterfaces: source(() => reachable(host, false, single)),
    GetPrivateIP: goFunction([], () => firstOf(reachable(host, true, single))),
    GetPrivateIPs: goFunction([], () => allOf(reachable(host, true, several))),
    GetPublicIP: goFunction([], () => firstOf(reachable(host, false, single))),
    GetPublicIPs: goFunction([], () => allOf(reachable(host, false, several))),
    GetInterfaceIP: goFunction([stringType], (name) => firstOf(ofInterface(host, name))),
    GetInterfaceIPs: goFunction([stringType], (name) => allOf(ofInterface(host, name))),
    sort: step((criteria, addresses) => sorted(host, criteria, addresses)),
    unique: step(unique),
    include: filter('include'),
    exclude: filter('exclude'),
    attr,
    Attr: attr,
    join: goFunction([stringType, stringType, addressesType], (attribute, separator, given) =>
      joined(attribute, separator, fromList(given)),
    ),
    limit: goFunction([uint64Type, addressesType], (count, given) =>
      toList(fromList(given).slice(0, Number(count))),
    ),
    offset: goFunction([intType, addressesType], (count, given) =>
      toList(offset(count, fromList(given))),
    ),
    math: goFunction([stringType, stringType, addressesType], (operation, text, given) =>
      toList(fromList(given).map((each) => changed(operation, text, each))),
    ),
  }
}

/** A host has few addresses, and a template about them little to do. */
const limits = { steps: 100_000, outputBytes: 2 ** 20, textBytes: 2 ** 20 }

function parsed(text: string, shown: string, host: Host): Template {
  try {
    return parseTemplate('sockaddr.Parse', text, {
      functions: functionsOf(host),
      missingKey: 'error',
    })
  } catch (error) {
    throw callFailure(`unable to parse template ${shown}: ${messageOf(error)}`, error)
  }
}

/** What an expression of go-sockaddr's templates, as `GetPrivateIP`, gives on a host. */
export function sockaddrText(expression: string, host: Host): string {
  const text = `{{ ${expression} }}`
  const shown = quote(text, { isAscii: true })
  const template = parsed(text, shown, host)
  try {
    return execute(template, toList(host.addresses), { limits })
  } catch (error) {
    throw callFailure(`unable to execute sockaddr input ${shown}: ${messageOf(error)}`, error)
  }
}
