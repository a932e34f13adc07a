import { bytesOfText, textOfBytes } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'
import { goFunction } from '../../go/functions.ts'
import { quote } from '../../go/quote.ts'
import { stringType } from '../../go/types.ts'
import { typeOf } from '../../go/values.ts'
import type { GoMap } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'
import { dictOf, dictParameter } from './convert.ts'

/** The parts of a URL, decoded but for the query and the user. */
type Url = {
  readonly scheme: string
  readonly userinfo: string
  readonly host: string
  readonly path: string
  readonly opaque: string
  readonly query: string
  readonly fragment: string
}

function mistake(url: string, reason: string): Error {
  return callFailure(`unable to parse url: parse ${quote(url)}: ${reason}`)
}

/** A text with its `%XX` as bytes. */
function unescaped(text: string, url: string): string {
  const wrong = /%(?![0-9a-fA-F]{2})/.exec(text)
  if (wrong !== null) {
    throw mistake(url, `invalid URL escape ${quote(text.slice(wrong.index, wrong.index + 3))}`)
  }
  const bytes = Buffer.from(bytesOfText(text)).toString('latin1')
  const plain = bytes.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return textOfBytes(Buffer.from(plain, 'latin1'))
}

/** A text with all that may not stand in a part of a URL as `%XX`. */
function escaped(text: string, kept: RegExp): string {
  return Array.from(bytesOfText(text), (byte) => {
    const character = String.fromCharCode(byte)
    const isKept = /[A-Za-z0-9_.~-]/.test(character) || kept.test(character)
    return isKept ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}

/** Splits at the first separator; the second part is undefined if there is none. */
function cut(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)]
}

function checkHost(host: string, url: string): void {
  const port = /^(?:\[[^\]]*\]|[^:]*)(?<port>:.*)?$/.exec(host)?.groups?.port
  const isWrong = port !== undefined && !/^:[0-9]*$/.test(port)
  if (isWrong) throw mistake(url, `invalid port ${quote(port)} after host`)
  if (/[\s<>"^`{|}\\]/.test(host)) {
    throw mistake(
      url,
      `invalid character ${quote(/[\s<>"^`{|}\\]/.exec(host)?.[0] ?? '')} in host name`,
    )
  }
}

/** A URL's parts, as Go's net/url finds them. A TemplateError for what is none. */
function parseUrl(url: string): Url {
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(url)) {
    throw mistake(url, 'net/url: invalid control character in URL')
  }
  const [whole, fragment = ''] = cut(url, '#')
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(whole)?.[1] ?? ''
  if (scheme === '' && whole.startsWith(':')) throw mistake(url, 'missing protocol scheme')
  const [rest, query] = cut(scheme === '' ? whole : whole.slice(scheme.length + 1), '?')
  const common = {
    scheme: scheme.toLowerCase(),
    query: query ?? '',
    fragment: unescaped(fragment, url),
  }
  if (scheme !== '' && !rest.startsWith('/')) {
    return { ...common, userinfo: '', host: '', path: '', opaque: rest }
  }
  if (scheme === '' && /^[^/]*:/.test(rest)) {
    throw mistake(url, 'first path segment in URL cannot contain colon')
  }
  const authority = /^\/\/([^/]*)/.exec(rest)?.[1]
  const path = authority === undefined ? rest : rest.slice(authority.length + 2)
  const at = authority?.lastIndexOf('@') ?? -1
  const host = authority?.slice(at + 1) ?? ''
  checkHost(host, url)
  const userinfo = at < 0 ? '' : (authority?.slice(0, at) ?? '')
  return {
    ...common,
    userinfo,
    host: unescaped(host, url),
    path: unescaped(path, url),
    opaque: '',
  }
}

const hostname = (host: string): string =>
  /^\[([^\]]*)\]/.exec(host)?.[1] ?? host.replace(/:[^:]*$/, '')

function textIn(dict: GoMap, key: string): string {
  const value = dict.entries.get(key)
  if (value === undefined) return ''
  if (typeof value === 'string') return value
  const found = value === null ? '<nil>' : typeOf(value).name
  throw callFailure(`unable to parse ${key} key, must be of type string, but ${found} found`)
}

/** A URL made of parts, as Go's net/url writes it. */
function joinUrl(dict: GoMap): string {
  const part = (key: string) => textIn(dict, key)
  const [scheme, opaque, host, userinfo] = ['scheme', 'opaque', 'host', 'userinfo'].map(part)
  const query = part('query')
  const fragment = part('fragment')
  const path = part('path')
  let made = scheme === '' ? '' : `${scheme}:`
  if (opaque !== '') {
    made += opaque
  } else {
    const hasAuthority = host !== '' || userinfo !== ''
    if (hasAuthority || (scheme !== '' && path.startsWith('//'))) made += '//'
    if (userinfo !== '') made += `${userinfo}@`
    made += escaped(host ?? '', /[!$&'()*+,;=:[\]<>"]/)
    if (path !== '' && !path.startsWith('/') && host !== '') made += '/'
    // A colon in the first segment would make it a scheme.
    if (made === '' && /^[^/]*:/.test(path)) made += './'
    made += escaped(path, /[$&+,/:;=@]/)
  }
  if (query !== '') made += `?${query}`
  return fragment === '' ? made : `${made}#${escaped(fragment, /[$&+,/:;=?@!()*]/)}`
}

/** URLs taken apart and put together. */
export const urlFunctions: FunctionSet = {
  urlParse: goFunction([stringType], (text) => {
    const url = parseUrl(text)
    return dictOf(Object.entries({ ...url, hostname: hostname(url.host) }))
  }),
  urlJoin: goFunction([dictParameter], joinUrl),
}
