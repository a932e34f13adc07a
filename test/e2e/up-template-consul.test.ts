import { afterEach, beforeEach, expect, it } from 'vitest'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'
import { Load } from './support/load.ts'
import type { Stage } from './support/stage.ts'
import {
  headOf,
  lingering,
  openTemplateStage,
  untilBalanced,
  writeTemplate,
} from './support/template-stage.ts'

let stage: Stage
let consul: ConsulAgent

beforeEach(async () => {
  stage = await openTemplateStage()
  consul = await startConsul()
})

afterEach(async () => {
  await stage.close()
  await consul.close()
})

it("follows a Consul in which this host's containers are registered", async () => {
  const web = stage.name('web')
  const text = `${headOf(stage)}  default_backend app
backend app
  balance roundrobin
{{- range service "${web}"}}
  server {{.ID}} {{.Address}}:{{.Port}} maxconn {{keyOrDefault "maxconn" "50"}}
{{- end}}
`
  await stage.startContainer({ service: web })
  const path = await writeTemplate(stage, 'haproxy.ctmpl', text)
  const registry = ['--registry', `consul://${consul.address}`, '--register', 'container']
  await stage.up(...registry, '--template', path)
  await untilBalanced(stage, web, 1)
  const load = new Load({ port: stage.port, perSecond: 100, service: web })
  const second = await stage.startContainer(lingering(web))
  await untilBalanced(stage, web, 2)
  await stage.post(`/containers/${second.id}/stop`)
  await untilBalanced(stage, web, 1)
  expect((await load.stop()).failures).toEqual([])
  expect((await stage.status()).haproxy.reloads).toBe(0)
})
