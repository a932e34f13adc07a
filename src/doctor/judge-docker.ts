import type { AllowedRequest } from '../discovery/docker/allowed-requests.ts'
import { error, note, ok, warning } from './facts.ts'
import type { DockerFacts, Finding } from './facts.ts'

const where = 'docs/operations.md, "Docker socket with less power"'

/** Whether a daemon answers, whether it refuses what is needed, and whether it allows too much. */
export function judgeDocker({ url, error: reason, refused, excess }: DockerFacts): Finding[] {
  if (reason !== '') {
    const change = 'needed for fairlead up only: start Docker, or name one with --docker URL'
    return [note('docker', `${url}: ${reason}`, change)]
  }
  return [
    ok('docker', `${url} answers`),
    ...judgeRefused(url, refused),
    ...judgeExcess(url, excess),
  ]
}

/** What is always needed is an error; the rest may be refused on purpose. */
function judgeRefused(url: string, refused: readonly AllowedRequest[]): Finding[] {
  const consequences = new Set(refused.map(({ without }) => without))
  return [...consequences].map((consequence) => {
    const of = refused.filter(({ without }) => without === consequence)
    const names = listed(of.map(({ method, path }) => `${method} ${path}`))
    const level = of.some(({ when }) => when === 'always') ? error : note
    const change = `let the filter in front of the socket allow it (${where})`
    return level('docker', `${url} refuses ${names}: ${consequence}`, change)
  })
}

function judgeExcess(url: string, excess: DockerFacts['excess']): Finding[] {
  if (excess === undefined) {
    const found = `${url} is on another machine: not tried whether it allows more than is needed`
    return [note('docker', found, `fairlead doctor --docker ${url} tries it; it changes nothing`)]
  }
  if (excess.length === 0) return [ok('docker', `${url} allows no more than is needed`)]
  const isRoot = excess.some((each) => each.isRoot)
  const so = isRoot ? 'who takes it over is as good as root on that machine' : 'it has no need to'
  const found = `${url} lets fairlead ${listed(excess.map(({ what }) => what))}: ${so}`
  const change = `put deploy/docker-socket-proxy in front of it (${where})`
  return [isRoot ? warning('docker', found, change) : note('docker', found, change)]
}

const listed = (words: readonly string[]): string =>
  [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((text) => text !== '').join(' and ')
