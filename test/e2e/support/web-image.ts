import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { Docker } from '../../../demo/docker.ts'
import { importImage, nodeFiles, nodeFlags } from '../../../demo/image.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The tag, of this run of the tests, that the image of the test's web server is made with. */
    readonly webImageTag: string
  }
}

export const webImageName = 'fairlead-e2e/web'

const serverFile = fileURLToPath(new URL('./server.mjs', import.meta.url))
const recipe = {
  name: webImageName,
  changes: [
    `ENTRYPOINT ${JSON.stringify(['/bin/node', ...nodeFlags, '/srv/server.mjs'])}`,
    'ENV PATH=/bin UV_THREADPOOL_SIZE=1',
    'EXPOSE 80',
  ],
}

/** Vitest's, before all tests: names the image. What it gives is called after them, and removes it. */
export function setup(project: TestProject): () => Promise<void> {
  const tag = `run-${randomBytes(4).toString('hex')}`
  project.provide('webImageTag', tag)
  return async () => {
    const docker = new Docker({ socketPath: '/var/run/docker.sock' })
    const path = `/images/${webImageName}:${tag}?force=1`
    await docker.call('DELETE', path, [200, 404]).catch(ignoreAbsence)
  }
}

/** Makes the image of the test's web server on a Docker daemon. */
export async function makeWebImage(docker: Docker, tag: string): Promise<void> {
  await importImage(docker, { ...recipe, tag, files: nodeFiles(serverFile) })
}

/**
 * Gives a Docker daemon the image under one more tag, and makes it there unless an earlier test did,
 * with the tag `made`: a hundred megabytes of Node take more than a second.
 */
export async function tagWebImage(docker: Docker, made: string, tag: string): Promise<void> {
  const path = `/images/${webImageName}:${made}`
  const { status } = await docker.call('GET', `${path}/json`, [200, 404])
  if (status === 404) await makeWebImage(docker, made)
  await docker.call('POST', `${path}/tag?repo=${webImageName}&tag=${tag}`, [201])
}

// Without a daemon no test had an image of it.
function ignoreAbsence(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  if (code !== 'ENOENT' && code !== 'ECONNREFUSED') throw error
}
