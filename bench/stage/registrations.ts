import { Agent, request } from 'node:http'
import type { ServiceDefinition } from '../../src/consul/types.ts'
import { inTurns } from './containers.ts'

// Registering ten thousand endpoints over new connections would measure the connections.
const agent = new Agent({ keepAlive: true, maxSockets: 16 })

/** Registers with fairlead as a Consul client does: `PUT /v1/agent/service/register`. */
export function register(socketPath: string, registration: ServiceDefinition): Promise<void> {
  return put(socketPath, '/v1/agent/service/register', JSON.stringify(registration))
}

export function deregister(socketPath: string, id: string): Promise<void> {
  return put(socketPath, `/v1/agent/service/deregister/${encodeURIComponent(id)}`, '')
}

export async function registerAll(
  socketPath: string,
  registrations: readonly ServiceDefinition[],
): Promise<void> {
  await inTurns(registrations, 16, (each) => register(socketPath, each))
}

function put(socketPath: string, path: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      host: 'localhost',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    }
    const options = { socketPath, agent, method: 'PUT', path, headers }
    const outgoing = request(options, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (piece: string) => (text += piece))
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve()
        else reject(new Error(`PUT ${path}: ${answer.statusCode} ${text.trim()}`))
      })
      answer.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
