import { describe, expect, it } from 'vitest'
import { DockerError } from '../discovery/docker/docker-error.ts'
import type { Step } from './decide.ts'
import { refusalOf } from './refusal.ts'

const step = { kind: 'join', member: { name: 'haproxy' }, network: { id: 'n', name: 'apps' } }
const request = 'POST /networks/n/connect'

/** What the client makes of an answer 403. */
const refused = (said: string): DockerError =>
  new DockerError(`Docker at unix:///d.sock: ${said} (HTTP 403, ${request})`, { status: 403 })

describe('a refusal to attach', () => {
  it.each([
    ['refused by the filter in front of the Docker socket', /let the proxy .* pass POST/],
    ['no reason given', /let the proxy .* pass POST/],
    ['Could not attach to network apps: not manually attachable', /create -d overlay --attachable/],
    ['endpoint with name haproxy is busy in network apps', /^docker network connect apps haproxy$/],
  ])('%j has the hint that fits', (said, hint) => {
    const { what, hint: given } = refusalOf(refused(said), step as unknown as Step)
    expect(what).toContain(said)
    expect(given).toMatch(hint)
  })
})
