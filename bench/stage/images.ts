import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { file, importImage, nodeFiles, nodeFlags } from '../../demo/image.ts'
import type { Docker } from '../../demo/docker.ts'

const webServer = fileURLToPath(new URL('../web-server.mjs', import.meta.url))

/**
 * An image with web-server.mjs on this machine's Node: 5 ms an answer, ends as MODE says. Docker
 * keeps it for the next run; the tag is a hash of what is in it.
 */
export async function webServerImage(docker: Docker): Promise<string> {
  const changes = [
    `ENTRYPOINT ${JSON.stringify(['/bin/node', ...nodeFlags, '/srv/server.mjs'])}`,
    'ENV PATH=/bin UV_THREADPOOL_SIZE=1',
    'EXPOSE 80',
  ]
  const tag = hash(
    process.version,
    statSync(process.execPath).size,
    readFileSync(webServer),
    changes,
  )
  return ensure(docker, 'fairlead-bench/web', tag, changes, () => nodeFiles(webServer))
}

/**
 * An image with busybox's httpd, which listens within a millisecond of its start. `GET /hostname`
 * answers with the first twelve letters of the container's id, since Docker writes /etc/hostname.
 * As process 1 without a handler it ignores SIGTERM (kill(2)).
 */
export async function httpdImage(docker: Docker): Promise<string> {
  const busybox = findBusybox()
  const changes = [
    `ENTRYPOINT ${JSON.stringify(['/bin/busybox', 'httpd', '-f', '-p', '80', '-h', '/etc'])}`,
    'EXPOSE 80',
  ]
  const tag = hash(statSync(busybox).size, changes)
  return ensure(docker, 'fairlead-bench/httpd', tag, changes, () => [
    file('bin/busybox', 0o755, busybox),
  ])
}

async function ensure(
  docker: Docker,
  name: string,
  tag: string,
  changes: readonly string[],
  files: () => ReturnType<typeof nodeFiles>,
): Promise<string> {
  const image = `${name}:${tag}`
  const known = await docker.call('GET', `/images/${image}/json`, [200, 404])
  if (known.status === 404) await importImage(docker, { name, tag, changes, files: files() })
  return image
}

function findBusybox(): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/bin', '/usr/bin']
  const found = folders
    .map((folder) => join(folder, 'busybox'))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
  if (found === undefined) throw new Error('busybox is missing: apt-get install busybox-static')
  return found
}

function hash(...parts: readonly unknown[]): string {
  const all = createHash('sha256')
  for (const part of parts) all.update(Buffer.isBuffer(part) ? part : JSON.stringify(part))
  return all.digest('hex').slice(0, 12)
}
