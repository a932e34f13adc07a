import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readOfflineData } from '../../src/template/render/offline-knowledge.ts'
import { createProgram } from '../../src/template/render/program.ts'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'

let agent: ConsulAgent

const node = { Node: 'web-01', Address: '10.1.0.11', NodeMeta: { rack: 'r1' } }

beforeAll(async () => {
  agent = await startConsul()
  await agent.api('PUT', '/v1/catalog/register', {
    ...node,
    Service: {
      ID: 'web-1',
      Service: 'web',
      Port: 8080,
      Tags: ['v1', 'http'],
      Meta: { version: '1.2' },
      TaggedAddresses: { wan: { Address: '198.51.100.1', Port: 18080 } },
    },
    Checks: [
      { Node: 'web-01', CheckID: 'alive', Name: 'alive', Status: 'passing' },
      { Node: 'web-01', CheckID: 'web', Name: 'web', Status: 'warning', ServiceID: 'web-1' },
    ],
  })
  await agent.api('PUT', '/v1/catalog/register', {
    ...node,
    Service: { ID: 'bare', Service: 'bare' },
  })
  await agent.api('PUT', '/v1/kv/conf/port?flags=7', '80')
  await agent.api('PUT', '/v1/kv/conf/empty', '')
})

afterAll(() => agent.close())

const template = `{{range services}}{{.Name}}{{.Tags}}
{{range service (printf "%s|any" .Name)}}  {{.Node}} {{.ID}} {{.Address}}:{{.Port}} {{.Status}} {{.ServiceMeta}} {{.NodeMeta.rack}} {{.Weights}} {{range $k, $v := .ServiceTaggedAddresses}}{{$k}}={{$v.Address}}:{{$v.Port}}{{end}}
{{end}}{{end}}{{range tree "conf"}}{{.Key}}={{.Value}} {{.Flags}}
{{end}}{{with node "web-01"}}{{.Node.Address}} {{len .Services}}{{end}} {{datacenters}} {{len nodes}}`

describe('what an agent answers', () => {
  it('is all that a template needs, pasted into a file', async () => {
    const get = async (path: string) => (await agent.api('GET', path)).body
    const services = await Promise.all(
      ['web', 'bare', 'consul'].map(
        async (name) => [name, await get(`/v1/health/service/${name}`)] as const,
      ),
    )
    const file = JSON.stringify({
      consul: {
        services: Object.fromEntries(services),
        nodes: await get('/v1/catalog/nodes'),
        kv: await get('/v1/kv/?recurse'),
        datacenters: await get('/v1/catalog/datacenters'),
        agent: agent.nodeName,
      },
    })
    const { knowledge } = readOfflineData(JSON.parse(file))
    const program = createProgram(template, {
      name: 'offline',
      surroundings: {
        environment: () => undefined,
        now: () => new Date(0),
        workingFolder: agent.folder,
        sandboxPath: undefined,
        hasEffects: false,
      },
    })
    const { text, missing } = program.render(knowledge)
    expect(missing).toEqual([])
    const rpc = agent.membership.ports.rpc
    expect(text.split('\n')).toEqual([
      'bare[]',
      '  web-01 bare 10.1.0.11:0 passing map[] r1 {1 1} ',
      'consul[]',
      expect.stringMatching(`^  ${agent.nodeName} consul 127.0.0.1:${rpc} passing `),
      'web[http v1]',
      '  web-01 web-1 10.1.0.11:8080 warning map[version:1.2] r1 {1 1} wan=198.51.100.1:18080',
      'empty= 0',
      'port=80 7',
      '10.1.0.11 2 [dc1] 2',
    ])
  })
})
