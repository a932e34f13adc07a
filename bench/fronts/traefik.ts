import { join } from 'node:path'
import { call } from '../../demo/http.ts'
import { startProgram } from '../stage/program.ts'
import { until } from '../stage/stage.ts'
import { freePort } from '../../test/support/ports.ts'
import type { Stage } from '../stage/stage.ts'
import type { Front } from './front.ts'

/** Traefik 2 or 3 with its Docker provider; it routes by the labels of the benches' containers. */
export async function openTraefik(stage: Stage): Promise<Front> {
  const port = await freePort()
  const flags = [
    '--providers.docker',
    '--providers.docker.exposedByDefault=false',
    `--providers.docker.constraints=Label(\`bench.fairlead.run\`,\`${stage.run}\`)`,
    '--providers.providersThrottleDuration=0s',
    `--entryPoints.web.address=127.0.0.1:${port}`,
  ]
  const program = await startProgram(['traefik', ...flags], join(stage.folder, 'traefik.log'))
  const front: Front = {
    name: 'traefik',
    port,
    controllers: () => [],
    proxies: () => [program.pid],
    reloads: () => 0,
    close: () => program.end(),
  }
  stage.onClose(() => front.close())
  await until('traefik answers', () => isAnswering(port))
  return front
}

/** Whether anything speaks HTTP there, with any status. */
export async function isAnswering(port: number, path = '/'): Promise<boolean> {
  try {
    return (await call({ host: '127.0.0.1', port }, 'GET', path)).status > 0
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}
