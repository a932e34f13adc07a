import type { IncomingHttpHeaders } from 'node:http'
import type { Answer } from './contract.ts'
import type { Reply } from './exchange.ts'

/**
 * A GET's answer; the value of a 404 is undefined. Throws for a body that is not JSON. The headers
 * are those of https://developer.hashicorp.com/consul/api-docs/features/blocking and …/consistency.
 */
export function answerOf<T>({ status, headers, text }: Reply): Answer<T> {
  return {
    value: (status === 404 ? undefined : parse(text)) as T,
    index: numberIn(headers, 'x-consul-index'),
    lastContactMs: numberIn(headers, 'x-consul-lastcontact'),
    isLeaderKnown: headers['x-consul-knownleader'] !== 'false',
  }
}

/** The body of a write's answer; undefined when it is empty, as it is from most agent endpoints. */
export function jsonOf({ text }: Reply): unknown {
  return text.trim() === '' ? undefined : parse(text)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error('it answered with something else than JSON', { cause: error })
  }
}

/** 0 where it is missing or no number. */
function numberIn(headers: IncomingHttpHeaders, name: string): number {
  const number = Number(headers[name])
  return Number.isSafeInteger(number) && number > 0 ? number : 0
}
