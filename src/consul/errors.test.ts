import { describe, expect, it } from 'vitest'
import { isUnsent, refusalOf, toConsulError } from './errors.ts'

const asked = { at: '127.0.0.1:8500', method: 'PUT', path: '/v1/agent/service/register' }

describe('refusalOf', () => {
  // Status and words as agents give them.
  it.each([
    [500, 'rpc error making call: EOF'],
    [500, 'rpc error getting client: failed to get conn: dial tcp: connect: connection refused'],
    [500, 'No cluster leader'],
    [500, 'leadership lost while committing log'],
    [500, 'No path to datacenter'],
    [500, 'rpc error making call: invalid whatever, by another server'],
    [500, ''],
    [502, '<html>Bad Gateway</html>'],
    [503, 'Service Unavailable: invalid upstream'],
    [429, 'Your IP is issuing too many concurrent connections'],
  ])('calls %i %s unreachable: it can pass', (status, text) => {
    expect(refusalOf(status, text, asked)).toMatchObject({ code: 'consul_unreachable', status })
  })

  it.each([
    [400, "Invalid Service Meta: Couldn't load metadata pair ('', 'c'): Key cannot be blank"],
    [400, 'Missing service name'],
    [403, 'Permission denied'],
    [404, 'No service registered with ID "nope"'],
    [413, 'Request body(600000 bytes) too large'],
    [301, 'Moved Permanently'],
    [500, "Scripts are disabled on this agent; to enable, configure 'enable_script_checks'"],
    [500, 'CheckID "nope" does not have associated TTL'],
    [500, 'Unknown service "nope"'],
  ])('calls %i %s refused', (status, text) => {
    expect(refusalOf(status, text, asked)).toMatchObject({ code: 'consul_refused', status })
  })

  it('has one bounded line without control characters, however long the answer is', () => {
    const { message } = refusalOf(400, `bad\n\u001b[31m\tthing ${'x'.repeat(5000)}`, asked)
    expect(message).toMatch(/^Consul at 127\.0\.0\.1:8500: bad ·\[31m thing x+… \(HTTP 400, PUT \//)
    expect(message.length).toBeLessThan(450)
  })

  it('hints at the token, the user and the scheme', () => {
    expect(refusalOf(403, 'ACL not found', asked).hint).toContain('CONSUL_HTTP_TOKEN')
    expect(refusalOf(401, '', asked).hint).toContain('CONSUL_HTTP_AUTH')
    const wrong = 'Client sent an HTTP request to an HTTPS server.'
    expect(refusalOf(400, wrong, asked).hint).toContain('consul-tls://')
  })
})

describe('toConsulError', () => {
  const coded = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code })

  it('tells a connection that never was from one that broke', () => {
    expect(isUnsent(toConsulError(coded('ECONNREFUSED'), asked))).toBe(true)
    expect(isUnsent(toConsulError(coded('ENOENT'), asked))).toBe(true)
    expect(isUnsent(toConsulError(coded('ECONNRESET'), asked))).toBe(false)
    expect(isUnsent(refusalOf(500, 'No cluster leader', asked))).toBe(false)
  })

  it('has words also for several failed attempts to connect, which bring none', () => {
    const error = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })
    expect(toConsulError(error, asked).message).toContain('ECONNREFUSED')
  })

  it('hints at certificates', () => {
    const alert = coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')
    expect(toConsulError(alert, asked).hint).toContain('CONSUL_CLIENT_CERT')
    expect(toConsulError(coded('DEPTH_ZERO_SELF_SIGNED_CERT'), asked).hint).toContain(
      'CONSUL_CACERT',
    )
    expect(toConsulError(coded('ERR_TLS_CERT_ALTNAME_INVALID'), asked).hint).toContain(
      'CONSUL_TLS_SERVER_NAME',
    )
  })
})
