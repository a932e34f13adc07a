import { FairleadError } from '../model/errors.ts'

/** An answer is not what Consul's manual says it is. Code `consul_unreachable`: it is asked again. */
export class AnswerError extends FairleadError {}

/**
 * Checks that an answer has all that is read of it, so that one that was garbled on its way counts
 * as no answer and is never half taken. Throws AnswerError.
 */
export function checkAnswer(path: string, value: unknown): void {
  const fault = faultOf(path, value)
  if (fault === '') return
  throw new AnswerError('consul_unreachable', `the answer to ${path} is not Consul's: ${fault}`)
}

function faultOf(path: string, value: unknown): string {
  if (path.startsWith('/v1/health/service/')) return listFault(value, entryFault)
  if (path.startsWith('/v1/health/connect/')) return listFault(value, entryFault)
  // Undefined: there is no such key.
  if (path.startsWith('/v1/kv/')) return value === undefined ? '' : listFault(value, pairFault)
  if (path.startsWith('/v1/health/state/')) return listFault(value, checkFault)
  if (path === '/v1/catalog/nodes') return listFault(value, nodeFault)
  if (path.startsWith('/v1/catalog/node/')) return value === null ? '' : nodeServicesFault(value)
  if (path === '/v1/catalog/services') {
    return isRecord(value) && Object.values(value).every(Array.isArray) ? '' : 'no object of tags'
  }
  return ''
}

function listFault(value: unknown, faultOfItem: (item: unknown) => string): string {
  if (!Array.isArray(value)) return 'no list'
  for (const item of value) {
    const fault = faultOfItem(item)
    if (fault !== '') return fault
  }
  return ''
}

function entryFault(value: unknown): string {
  if (!isRecord(value)) return 'an entry is no object'
  const { Checks } = value
  return nodeFault(value['Node']) || serviceFault(value['Service']) || listFault(Checks, checkFault)
}

function nodeServicesFault(value: unknown): string {
  if (!isRecord(value) || !isRecord(value['Services'])) return 'no services of a node'
  return nodeFault(value['Node']) || listFault(Object.values(value['Services']), serviceFault)
}

function nodeFault(value: unknown): string {
  if (!isRecord(value) || !isText(value['Node']) || value['Node'] === '')
    return 'a node has no name'
  return isText(value['Address']) ? '' : 'a node has no address'
}

function serviceFault(value: unknown): string {
  if (!isRecord(value)) return 'a service is no object'
  const { ID, Service, Address, Port, Tags, Meta } = value
  if (!isText(ID) || !isText(Service) || ID === '' || Service === '') return 'a service has no name'
  if (!isOptional(Address, isText)) return 'a service has an address that is no text'
  if (!isOptional(Port, (port) => typeof port === 'number')) return 'a port is no number'
  if (!isOptional(Tags, (tags) => Array.isArray(tags) && tags.every(isText))) return 'odd tags'
  const isMeta = (meta: unknown): boolean => isRecord(meta) && Object.values(meta).every(isText)
  return isOptional(Meta, isMeta) ? '' : 'odd meta'
}

function pairFault(value: unknown): string {
  if (!isRecord(value) || !isText(value['Key'])) return 'a pair has no key'
  return isOptional(value['Value'], isText) ? '' : 'a value that is no text'
}

function checkFault(value: unknown): string {
  if (!isRecord(value)) return 'a check is no object'
  const { CheckID, Status, Node, Output, Notes } = value
  if (![CheckID, Status, Node].every(isText)) return 'a check has no id, status or node'
  return isOptional(Output, isText) && isOptional(Notes, isText) ? '' : 'odd words of a check'
}

function isOptional(value: unknown, isRight: (value: unknown) => boolean): boolean {
  return value === undefined || value === null || isRight(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
