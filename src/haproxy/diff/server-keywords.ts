import { isAtLeast } from '../capabilities.ts'

/**
 * What a keyword of a server line takes, and from which version on `add server` takes the keyword.
 * Each was tried on 2.6, 3.0 and 3.4 (and on 3.2 before); `add server help` lists them from 3.2 on.
 */
type ServerKeyword = {
  readonly arguments: 0 | 1
  /** `major.minor`; undefined: never at runtime. */
  readonly addableFrom: '2.6' | '3.0' | '3.2' | '3.4' | undefined
}

/** Undefined for a keyword that is not known, of which the number of arguments cannot be told. */
export function serverKeyword(name: string): ServerKeyword | undefined {
  // `set-proxy-v2-tlv-fmt(0xE1) FORMAT` has the number of the field in it.
  return keywords.get(name.startsWith('set-proxy-v2-tlv-fmt(') ? 'set-proxy-v2-tlv-fmt' : name)
}

/** All that are known. */
export function serverKeywords(): Iterable<string> {
  return keywords.keys()
}

export function canAddWith(keyword: string, version: string): boolean {
  const from = serverKeyword(keyword)?.addableFrom
  if (from === undefined) return false
  const [major = 0, minor = 0] = from.split('.').map(Number)
  return isAtLeast(version, major, minor)
}

/**
 * A pair that undoes each other: the first is what holds when neither is given, so it is dropped
 * when it stands after the second (`no-check` after `check` means no check).
 */
export const opposites: ReadonlyMap<string, string> = new Map([
  ['check-sni-auto', 'no-check-sni-auto'],
  ['no-agent-check', 'agent-check'],
  ['no-backup', 'backup'],
  ['no-check', 'check'],
  ['no-check-reuse-pool', 'check-reuse-pool'],
  ['no-check-send-proxy', 'check-send-proxy'],
  ['no-check-ssl', 'check-ssl'],
  ['no-send-proxy', 'send-proxy'],
  ['no-send-proxy-v2', 'send-proxy-v2'],
  ['no-send-proxy-v2-ssl', 'send-proxy-v2-ssl'],
  ['no-send-proxy-v2-ssl-cn', 'send-proxy-v2-ssl-cn'],
  ['no-ssl', 'ssl'],
  ['no-tfo', 'tfo'],
  ['no-verifyhost', 'verifyhost'],
  ['sni-auto', 'no-sni-auto'],
  ['ssl-reuse', 'no-ssl-reuse'],
  ['sslv3', 'no-sslv3'],
  ['stick', 'non-stick'],
  ['tls-tickets', 'no-tls-tickets'],
  ['tlsv10', 'no-tlsv10'],
  ['tlsv11', 'no-tlsv11'],
  ['tlsv12', 'no-tlsv12'],
  ['tlsv13', 'no-tlsv13'],
])

const keywords = new Map<string, ServerKeyword>()

function define(words: string, given: 0 | 1, addableFrom: ServerKeyword['addableFrom']): void {
  for (const word of words.split(/\s+/)) keywords.set(word, { arguments: given, addableFrom })
}

define(
  `agent-check allow-0rtt backup check check-send-proxy check-ssl check-via-socks4 force-sslv3
  force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 no-backup no-ssl-reuse no-sslv3
  no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 send-proxy send-proxy-v2
  send-proxy-v2-ssl send-proxy-v2-ssl-cn ssl tfo`,
  0,
  '2.6',
)
define(
  `addr agent-addr agent-inter agent-port agent-send alpn ca-file check-alpn check-proto check-sni
  ciphers ciphersuites crl-file crt downinter error-limit fall fastinter id inter maxconn maxqueue
  minconn npn observe on-error on-marked-down on-marked-up pool-low-conn pool-max-conn
  pool-purge-delay port proto proxy-v2-options rise slowstart sni source ssl-max-ver ssl-min-ver
  track verify verifyhost weight ws`,
  1,
  '2.6',
)
define(
  'client-sigalgs cookie curves guid hash-key pool-conn-name set-proxy-v2-tlv-fmt shard sigalgs',
  1,
  '3.0',
)
define('check-pool-conn-name idle-ping init-state', 1, '3.2')
define('check-reuse-pool strict-maxconn', 0, '3.2')
define('healthcheck', 1, '3.4')
define('no-check-sni-auto no-renegotiate no-sni-auto renegotiate', 0, '3.4')
define(
  `init-addr ktls log-bufsize log-proto max-reuse namespace redir resolve-net resolve-opts resolve-prefer
  resolvers socks4 tcp-ut`,
  1,
  undefined,
)
define(
  `check-sni-auto no-agent-check no-check no-check-reuse-pool no-check-send-proxy no-check-ssl no-send-proxy
  no-send-proxy-v2 no-send-proxy-v2-ssl no-send-proxy-v2-ssl-cn no-ssl no-tfo no-verifyhost
  non-stick sni-auto ssl-reuse sslv3 stick tls-tickets tlsv10 tlsv11 tlsv12 tlsv13`,
  0,
  undefined,
)
