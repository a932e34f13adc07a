import { allowedRequests } from '../../src/discovery/docker/allowed-requests.ts'

/** What Docker would do much with (Docker Engine API 1.41), and fairlead never asks. */
const dangerous = [
  'POST /containers/create',
  'POST /containers/x/start',
  'POST /containers/x/stop',
  'POST /containers/x/kill',
  'POST /containers/x/restart',
  'POST /containers/x/update',
  'POST /containers/x/rename?name=y',
  'POST /containers/x/exec',
  'POST /containers/x/attach',
  'POST /containers/x/wait',
  'POST /containers/prune',
  'POST /exec/x/start',
  'PUT /containers/x/archive?path=/',
  'DELETE /containers/x',
  'GET /containers/x/archive?path=/etc',
  'GET /containers/x/export',
  'GET /containers/x/logs?stdout=1',
  'GET /containers/x/attach/ws',
  'GET /containers/x/top',
  'GET /containers/x/stats',
  'GET /containers/x/changes',
  'GET /containers/x/json/y',
  'GET /containers/x/jsonp',
  'GET /exec/x/json',
  'GET /images/json',
  'GET /images/x/get',
  'POST /images/create?fromImage=x',
  'POST /images/load',
  'DELETE /images/x',
  'POST /build',
  'POST /session',
  'POST /grpc',
  'POST /commit',
  'POST /auth',
  'GET /networks/x',
  'POST /networks/create',
  'POST /networks/x/connect/y',
  'POST /networks/x/prune',
  'POST /networks/prune',
  'DELETE /networks/x',
  'GET /volumes',
  'POST /volumes/create',
  'GET /plugins',
  'POST /plugins/pull',
  'GET /swarm',
  'GET /swarm/unlockkey',
  'POST /swarm/init',
  'POST /swarm/leave?force=1',
  'POST /services/create',
  'POST /services/x/update',
  'DELETE /services/x',
  'POST /nodes/x/update',
  'GET /tasks/x/logs',
  'GET /secrets',
  'POST /secrets/create',
  'GET /configs',
  'GET /system/df',
  'GET /distribution/x/json',
  'GET /debug/vars',
  'GET /debug/pprof/',
  'GET /metrics',
  'GET /_ping',
  'GET /',
  'GET *',
]

/** Ways to make a path look like one of the table, or to slip past whoever compares paths. */
const disguises: readonly ((path: string) => string)[] = [
  (path) => `/v1.41${path}`,
  (path) => `/v1.41/../v1.41${path}`,
  (path) => `/v1.41/info/..${path}`,
  (path) => `/info/..${path}`,
  (path) => `/info/%2e%2e${path}`,
  (path) => `/info/..;${path}`,
  (path) => `/info%2f..${path}`,
  (path) => `/info?${path}`.replace('?', '%3f..'),
  (path) => `/info#${path}`,
  (path) => `/info\\..${path}`,
  (path) => `/containers/json/../..${path}`,
  (path) => `/containers/..${path}/../json`,
  (path) => `/containers/..%2f..${path}%2fjson`,
  (path) => `/./${path}`,
  (path) => `/${path}`,
  (path) => `${path}%00/json`,
  (path) => `${path}/../../containers/json%20`,
  (path) => `http://docker/info/..${path}`,
  (path) => `http://docker${path}`,
  (path) => `http://docker?/info/..${path}`,
  (path) => `unix:/info${path}`,
  (path) => `docker/info/..${path}`,
  (path) => `/v1.41.1${path}`,
  (path) => `/v${path}`,
  (path) => `/V1.41${path}`,
]

const otherMethods = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'HEAD',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'get',
  'Get',
  'GETT',
  'PRI',
  'M-SEARCH',
]

/** Requests, as bytes, of which none may reach a Docker daemon. */
export function hostileRequests(): readonly string[] {
  const own = allowedRequests.map(
    ({ method, path }) => [method, path.replace(/\{\w+\}/, 'x')] as const,
  )
  const paths = dangerous.map((line) => line.split(' ') as [string, string])
  const lines = [
    ...paths.map(([method, path]) => `${method} ${path}`),
    ...paths.flatMap(([method, path]) => disguises.map((as) => `${method} ${as(path)}`)),
    ...own.flatMap(([method, path]) =>
      otherMethods.filter((other) => other !== method).map((other) => `${other} ${path}`),
    ),
    ...own.flatMap(([method, path]) =>
      [`${path}/`, `${path}/..`, `${path};x`, `${path}%20`, `${path}.json`, `/x${path}`].map(
        (near) => `${method} ${near}`,
      ),
    ),
    ...['..', '.', '.x', '%2e', 'a/b', 'a%2fb', 'a;b', 'a:b', 'a@b', 'a\\b', 'ä', '%41', ' '].map(
      (id) => `GET /containers/${id}/json`,
    ),
    ...['..', 'a/..', '../a', 'a/../b', 'a//b', '/a', 'a/', 'a/.b', 'a%2fb', 'a;b', '%2e%2e'].map(
      (image) => `GET /images/${image}/json`,
    ),
  ]
  return [...lines.map((line) => plain(line)), ...framed()]
}

function plain(line: string): string {
  return `${line} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`
}

/** What lies in how a request is written rather than in its path. */
function framed(): readonly string[] {
  const inner = plain('POST /containers/create')
  const body = (more: string): string => `Host: docker\r\nConnection: close\r\n${more}\r\n${inner}`
  const chunked = 'Transfer-Encoding: chunked\r\n'
  return [
    `GET /info HTTP/1.1\r\n${body(`Content-Length: ${inner.length}\r\n`)}`,
    `GET /info HTTP/1.1\r\n${body(chunked)}`,
    `GET /info HTTP/1.1\r\n${body(`Content-Length: ${inner.length}\r\n${chunked}`)}`,
    `GET /info HTTP/1.1\r\n${body(`Content-Length: 0\r\nContent-Length: ${inner.length}\r\n`)}`,
    `GET /info HTTP/1.1\r\n${body('Transfer-Encoding: identity, chunked\r\n')}`,
    `GET /info HTTP/1.1\r\n${body('Transfer-Encoding:\tchunked\r\n')}`,
    `GET /info HTTP/1.1\r\n${body('Transfer-Encoding : chunked\r\n')}`,
    'GET /info HTTP/1.1\r\nHost: docker\r\nConnection: close, Upgrade\r\nUpgrade: tcp\r\n\r\n',
    'GET /info POST /containers/create HTTP/1.1\r\nHost: docker\r\n\r\n',
    'POST /containers/create HTTP/1.0\r\n\r\n',
    'POST /containers/create\r\n\r\n',
    'POST /containers/create HTTP/1.1\nHost: docker\nConnection: close\n\n',
    ' POST /containers/create HTTP/1.1\r\nHost: docker\r\n\r\n',
    'POST /info HTTP/1.1\r\nHost: docker\r\nX-HTTP-Method-Override: GET\r\nConnection: close\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n\0\0\0\x04\0\0\0\0\0',
  ]
}
