import type { RoutingSettings } from '../contract.ts'
import { section } from './global.ts'

/** Name of the defaults section, which every other section takes explicitly. */
export const defaultsName = 'fairlead'

/** How long a request waits for a server that is at its `maxconn`. */
const queueMs = 10_000

/**
 * A server that has lost its power or its cable never closes a connection: after three seconds of
 * silence the kernel asks whether it is still there, and after three more without a word the
 * connection is at its end, so that a request that may be repeated is, long before `timeout server`.
 */
const probes = ['option srvtcpka', 'srvtcpka-idle 3s', 'srvtcpka-intvl 1s', 'srvtcpka-cnt 3']

/**
 * What holds for all sections.
 *
 * A request is tried up to four times, from the second try on at another server (`redispatch 1`),
 * where the first server could not be reached, closed without a word or said something that is not
 * HTTP. That is only done for requests that may be repeated; see the frontend's `disable-l7-retry`.
 *
 * `http-reuse always` shares the connections to servers among clients, which is worth three quarters
 * of the CPU of a request. A server may close an idle connection in the moment a request is sent on
 * it: such a request is repeated if that is allowed, and the others never travel on a used
 * connection (see `sni` of the servers).
 *
 * After a reload the old worker closes a client's idle connection only with an answer
 * (`idle-close-on-response`): a request that is on its way on it just then is not lost.
 */
export function renderDefaults(settings: RoutingSettings): string {
  const { timeouts } = settings
  const lines = [
    'mode http',
    'option http-keep-alive',
    'option idle-close-on-response',
    'http-reuse always',
    'retries 3',
    'option redispatch 1',
    'retry-on conn-failure empty-response junk-response 0rtt-rejected',
    `timeout connect ${timeouts.connectMs}ms`,
    `timeout client ${timeouts.clientMs}ms`,
    `timeout server ${timeouts.serverMs}ms`,
    `timeout http-request ${timeouts.requestMs}ms`,
    `timeout http-keep-alive ${timeouts.keepAliveMs}ms`,
    `timeout tunnel ${timeouts.tunnelMs}ms`,
    `timeout queue ${queueMs}ms`,
    'timeout check 2s',
    ...probes,
  ]
  if (settings.accessLog) lines.push('log global', 'option dontlognull')
  return section(`defaults ${defaultsName}`, lines)
}
