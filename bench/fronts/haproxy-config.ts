/** A server of the hand-written configuration. */
export type StaticServer = {
  readonly name: string
  readonly address: string
  readonly port: number
}

export type HandWrittenConfig = {
  readonly port: number
  readonly socket: string
  /** Servers by service. */
  readonly services: ReadonlyMap<string, readonly StaticServer[]>
  /** Whether each request is written to HAProxy's standard output. */
  readonly hasAccessLog?: boolean
  /** Whether servers are checked, every two seconds. */
  readonly hasChecks?: boolean
}

/**
 * The configuration that a careful administrator writes for this job by hand: connections to
 * servers kept open, retries of GETs on another server, sockets handed over at a reload, one host
 * name a service, X-Forwarded-* set, idle clients told to close before an old process does.
 */
export function handWrittenConfig(config: HandWrittenConfig): string {
  const names = [...config.services.keys()]
  const log = config.hasAccessLog === true ? ['  log stdout format raw local0'] : []
  return [
    'global',
    `  stats socket ${config.socket} mode 600 level admin expose-fd listeners`,
    '  noreuseport',
    ...log,
    'defaults',
    '  mode http',
    ...(log.length > 0 ? ['  log global', '  option httplog', '  option dontlognull'] : []),
    '  timeout connect 1s',
    '  timeout client 60s',
    '  timeout server 60s',
    '  timeout http-request 10s',
    '  timeout http-keep-alive 10s',
    '  timeout tunnel 1h',
    '  retries 3',
    '  option redispatch 1',
    '  option idle-close-on-response',
    '  retry-on conn-failure empty-response junk-response response-timeout',
    '  balance roundrobin',
    'frontend web',
    `  bind 127.0.0.1:${config.port}`,
    // fairlead's log has the host name of a request, too.
    ...(log.length > 0 ? ['  capture request header Host len 128'] : []),
    '  http-request disable-l7-retry unless METH_GET',
    '  http-request del-header X-Forwarded-For',
    '  option forwardfor',
    '  http-request set-header X-Forwarded-Proto http',
    '  http-request set-header X-Forwarded-Host %[req.hdr(host)]',
    ...names.map(
      (name) => `  use_backend ${name} if { hdr(host),field(1,:) -i ${name}.localhost }`,
    ),
    ...[...config.services].flatMap(([name, servers]) => [
      `backend ${name}`,
      ...servers.map(
        (server) =>
          `  server ${server.name} ${server.address}:${server.port}` +
          (config.hasChecks === true ? ' check inter 2s' : ''),
      ),
    ]),
    '',
  ].join('\n')
}
