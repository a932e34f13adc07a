import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { startProgram } from '../stage/program.ts'
import { until } from '../stage/stage.ts'
import { freePort } from '../../test/support/ports.ts'
import type { Stage } from '../stage/stage.ts'
import { isAnswering } from '../fronts/traefik.ts'

/**
 * A server that answers every request on a port of all of 127.0.0.0/8 with a few bytes: HAProxy
 * itself, which costs the least. One port thus stands for millions of endpoints.
 */
export async function startAnswerer(stage: Stage, under: readonly string[] = []): Promise<number> {
  const port = await freePort()
  const file = join(stage.folder, 'answerer.cfg')
  writeFileSync(file, configText(port))
  const command = [...under, 'haproxy', '-db', '-f', file]
  const program = await startProgram(command, join(stage.folder, 'answerer.log'))
  stage.onClose(() => program.end('SIGTERM'))
  await until('the answering server answers', () => isAnswering(port))
  return port
}

const configText = (port: number): string => `global
  noreuseport
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend answers
  bind 0.0.0.0:${port}
  http-request return status 200 content-type text/plain string "hello\\n"
`
