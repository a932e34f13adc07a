import { isIP } from 'node:net'
import { readCheck, type CheckGiven } from './check-definition.ts'
import { ConsulApiError } from './errors.ts'
import {
  booleanField,
  fieldsOf,
  integerField,
  listField,
  mapField,
  parseFields,
  stringField,
  stringsField,
  stringValue,
  type Fields,
} from './fields.ts'
import type { LocalCheck, LocalService, TaggedAddresses, Weights } from './instance.ts'

export type ServiceRegistered = {
  readonly service: LocalService
  readonly checks: readonly LocalCheck[]
}

/** Consul's limits of a service's meta (manual: Services, meta). */
const mostMetaPairs = 64
const mostMetaKeyCharacters = 128
const mostMetaValueCharacters = 512

/**
 * The body of `PUT /v1/agent/service/register`, with Consul's defaults filled in. Fields that this
 * registry has no use for are let pass. Throws ConsulApiError as `readCheck`, with Consul's words.
 */
export function readRegistration(text: string): ServiceRegistered {
  const fields = parseFields(text)
  const name = stringField(fields, 'Name')
  if (name === '') throw new ConsulApiError(400, 'Missing service name')
  const id = stringField(fields, 'ID') || name
  refuseDots('Name', name)
  refuseDots('ID', id)
  const service: LocalService = {
    id,
    service: name,
    address: readAddress(fields),
    port: integerField(fields, 'Port'),
    tags: stringsField(fields, 'Tags'),
    meta: readMeta(fields),
    weights: readWeights(fields),
    enableTagOverride: booleanField(fields, 'EnableTagOverride'),
  }
  const given = [
    ...(fields.has('check') ? [fields.get('check')] : []),
    ...listField(fields, 'Checks'),
  ].flatMap((each) => readCheck(each) ?? [])
  const taggedAddresses = readTaggedAddresses(fields, service)
  return {
    service: taggedAddresses === undefined ? service : { ...service, taggedAddresses },
    checks: given.map((check, index) => named(check, service, index, given.length)),
  }
}

/** No path could name it: it could neither be asked for nor deregistered. */
function refuseDots(field: string, value: string): void {
  if (!/(^|\/)\.{1,2}(\/|$)/.test(value)) return
  throw new ConsulApiError(400, `${field} must not have . or .. between slashes`)
}

/** A check without an id or a name has them from its service, as Consul gives them. */
function named(
  { id, name, ...check }: CheckGiven,
  service: LocalService,
  index: number,
  count: number,
): LocalCheck {
  const number = count > 1 ? `:${index + 1}` : ''
  return {
    id: id || `service:${service.id}${number}`,
    name: name || `Service '${service.service}' check`,
    ...check,
  }
}

function readAddress(fields: Fields): string {
  const address = stringField(fields, 'Address')
  if (['0.0.0.0', '::', '[::]'].includes(address)) {
    throw new ConsulApiError(400, 'Invalid service address')
  }
  return address
}

function readMeta(fields: Fields): Readonly<Record<string, string>> {
  const meta = mapField(fields, 'Meta', stringValue('Meta'))
  const pairs = Object.entries(meta)
  const fault = (what: string): ConsulApiError =>
    new ConsulApiError(400, `Invalid Service Meta: ${what}`)
  if (pairs.length > mostMetaPairs) {
    throw fault(`Node metadata cannot contain more than ${mostMetaPairs} key/value pairs`)
  }
  for (const [key, value] of pairs) {
    const why = metaFault(key, value)
    if (why !== '') throw fault(`Couldn't load metadata pair ('${key}', '${value}'): ${why}`)
  }
  return meta
}

function metaFault(key: string, value: string): string {
  if (key === '') return 'Key cannot be blank'
  if (!/^[a-zA-Z0-9_-]+$/.test(key)) return 'Key contains invalid characters'
  if (key.length > mostMetaKeyCharacters) {
    return `Key is too long (limit: ${mostMetaKeyCharacters} characters)`
  }
  if (Buffer.byteLength(value) > mostMetaValueCharacters) {
    return `Value is too long (limit: ${mostMetaValueCharacters} characters)`
  }
  return ''
}

function readWeights(fields: Fields): Weights {
  if (!fields.has('weights')) return { Passing: 1, Warning: 1 }
  const given = fieldsOf(fields.get('weights'), 'Weights')
  const weights = {
    Passing: integerField(given, 'Passing'),
    Warning: integerField(given, 'Warning'),
  }
  const fault = weightsFault(weights)
  if (fault !== '') throw new ConsulApiError(400, `Invalid Weights: ${fault}`)
  return weights
}

function weightsFault({ Passing, Warning }: Weights): string {
  if (Passing < 1) return 'Passing must be greater than 0'
  if (Warning < 0) return 'Warning must be greater or equal than 0'
  if (Passing > 65_535 || Warning > 65_535) return 'DNS Weight must be between 0 and 65535'
  return ''
}

/** Consul adds those of the address itself. */
function readTaggedAddresses(
  fields: Fields,
  { address, port }: LocalService,
): TaggedAddresses | undefined {
  const given = mapField(fields, 'TaggedAddresses', (value) => {
    const one = fieldsOf(value, 'TaggedAddresses')
    return { Address: stringField(one, 'Address'), Port: integerField(one, 'Port') }
  })
  const kind = isIP(address) === 4 ? 'ipv4' : isIP(address) === 6 ? 'ipv6' : undefined
  const own =
    kind === undefined
      ? {}
      : {
          [`lan_${kind}`]: { Address: address, Port: port },
          [`wan_${kind}`]: { Address: address, Port: port },
        }
  const all = { ...own, ...given }
  return Object.keys(all).length === 0 ? undefined : all
}
