import { createHash } from 'node:crypto'
import { splitSections, type SectionText } from '../haproxy/config/sections.ts'
import type { DesiredState } from '../model/desired-state.ts'

/**
 * What a load balancer serves, as a hash that another one has as well if it serves the same: 64
 * hexadecimal digits for all of it, 12 for each part.
 */
export type ClusterHash = {
  readonly whole: string
  readonly parts: ClusterParts
}

export type ClusterParts = {
  /** `global`, `defaults`, frontends and all else that is no backend. */
  readonly settings: string
  /** Files that the configuration names: host names, the default service. */
  readonly files: string
  /** Backends with their servers, and the servers' admin states. */
  readonly servers: string
}

/**
 * Lines of `global` that say where and as whom a HAProxy runs, and nothing of what it serves.
 * `maxconn` is one: each machine has as many as it can.
 */
const ownOfGlobal: ReadonlySet<string> = new Set([
  'chroot',
  'description',
  'gid',
  'group',
  'localpeer',
  'maxconn',
  'nbthread',
  'node',
  'pidfile',
  'server-state-base',
  'stats',
  'uid',
  'user',
])

/** What is logged of requests, in any section. */
const logs =
  /^(?:log|log-format|log-format-sd|log-tag|error-log-format|capture|(?:no )?option (?:dontlognull|dontlog-normal|log-separate-errors|logasap|httplog|httpslog|tcplog))(?: |$)/

/** The two ways of saying it, by HAProxy's version. */
const connectionNames = /(?:sni|pool-conn-name) var\(txn\.fresh\)/g

/**
 * Hashes desired states so that two load balancers can be compared. The folders in which an instance
 * keeps its files, its sockets, the addresses it listens on, the user it runs as, its `maxconn`, its
 * logs and the order of sections, of servers in a backend and of lines in its own map files make no
 * difference; nor does HAProxy's version. Everything else does.
 *
 * Remembers the digests of the sections seen last: hashing again costs what changed.
 */
export class ClusterHasher {
  readonly #folder: string
  #digests: ReadonlyMap<string, readonly SectionDigest[]> = new Map()

  /** `folder`: where this instance keeps the files that its configuration names; absolute. */
  constructor(folder: string) {
    this.#folder = `${folder.replace(/\/+$/, '')}/`
  }

  hash(state: DesiredState): ClusterHash {
    const sections = this.#sections(state.sections ?? [state.config])
    const settings = digest(only(sections, 'settings'))
    const states = [...state.servers].filter(([, admin]) => admin !== 'ready')
    const servers = digest([
      ...only(sections, 'servers'),
      ...states.map(([server, admin]) => `${server} ${admin}`),
    ])
    const files = digest([...state.files].map(([path, content]) => this.#file(path, content)))
    return {
      whole: digest([`1${settings}`, `2${files}`, `3${servers}`]),
      parts: { settings: short(settings), files: short(files), servers: short(servers) },
    }
  }

  #sections(texts: readonly string[]): readonly SectionDigest[] {
    const digests = new Map<string, readonly SectionDigest[]>()
    for (const text of texts) {
      digests.set(text, this.#digests.get(text) ?? splitSections(text).map((it) => this.#one(it)))
    }
    this.#digests = digests
    return [...digests.values()].flat()
  }

  #one({ keyword, text }: SectionText): SectionDigest {
    const common = text.replaceAll(this.#folder, './').replaceAll(connectionNames, '')
    const isBackend = keyword === 'backend' || keyword === 'listen'
    const servers: string[] = []
    const others: string[] = []
    for (const each of common.split('\n')) {
      const line = each.trim()
      if (isBackend && line.startsWith('server ')) servers.push(line)
      else others.push(...commonPart(keyword, line, others))
    }
    if (isBackend) return { of: 'servers', digest: sha([...others, ...servers.sort()].join('\n')) }
    // A second `global` section, or one with nothing but what is this instance's own.
    const isEmpty = others.length === 0 || (others.length === 1 && keyword === 'global')
    return { of: 'settings', digest: isEmpty ? '' : sha(others.join('\n')) }
  }

  /** Map files that fairlead writes are looked up by key: their order means nothing. */
  #file(path: string, content: string): string {
    if (!path.startsWith(this.#folder)) return `${path}\n${sha(content)}`
    return `./${path.slice(this.#folder.length)}\n${sha(content.split('\n').toSorted().join('\n'))}`
  }
}

type SectionDigest = { readonly of: 'settings' | 'servers'; readonly digest: string }

/** What of a line is the same where the same is served: at most one line. */
function commonPart(section: string, line: string, before: readonly string[]): readonly string[] {
  if (line === '' || line.startsWith('#') || logs.test(line)) return []
  const [word = '', ...others] = line.split(/\s+/)
  if (section === 'global' && ownOfGlobal.has(word)) return []
  if (word !== 'bind') return [line]
  // Other addresses, and another number of them; the same options.
  const bind = ['bind', ...others.slice(1)].join(' ')
  return before.includes(bind) ? [] : [bind]
}

function only(sections: readonly SectionDigest[], of: SectionDigest['of']): readonly string[] {
  return sections.filter((each) => each.of === of && each.digest !== '').map((each) => each.digest)
}

/** Of a set of texts: their order makes no difference. */
function digest(texts: readonly string[]): string {
  return sha(texts.toSorted().join('\0'))
}

function short(hash: string): string {
  return hash.slice(0, 12)
}

function sha(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
