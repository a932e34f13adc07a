import { describe, expect, it } from 'vitest'
import { containerToCandidate } from '../docker/container-to-candidate.ts'
import { leaveTasksToSwarm } from './left-to-swarm.ts'
import type { SwarmNode, SwarmService, SwarmTask } from './swarm-types.ts'
import { taskToCandidate } from './task-to-candidate.ts'
import type { SwarmContext } from './task-to-candidate.ts'
import { taskToInspect } from './task-to-inspect.ts'
import type { TaskFacts } from './task-to-inspect.ts'

const apps = {
  Network: { ID: 'net-apps', Spec: { Name: 'apps' }, DriverState: { Name: 'overlay' } },
  Addresses: ['10.88.1.7/24'],
}
const ingress = {
  Network: { ID: 'net-ingress', Spec: { Name: 'ingress', Ingress: true } },
  Addresses: ['10.0.0.9/24'],
}

const node: SwarmNode = {
  ID: 'n2',
  Description: { Hostname: 'host2' },
  Status: { State: 'ready', Addr: '10.77.0.2' },
}

function task(changes: Partial<SwarmTask> = {}): SwarmTask {
  return {
    ID: 'task1',
    CreatedAt: '2026-01-02T03:04:05Z',
    ServiceID: 's1',
    Slot: 3,
    NodeID: 'n2',
    Spec: { ContainerSpec: { Image: 'registry:5000/team/shop:2@sha256:01ab' } },
    Status: { State: 'running', ContainerStatus: { ContainerID: 'c1' } },
    NetworksAttachments: [ingress, apps],
    ...changes,
  }
}

function service(changes: Partial<SwarmService> = {}): SwarmService {
  return { ID: 's1', Spec: { Name: 'web', Mode: { Replicated: { Replicas: 3 } } }, ...changes }
}

const context: SwarmContext = {
  network: undefined,
  usePublished: false,
  haproxyNetworks: new Set(['apps', 'ingress']),
  ownContainerIds: new Set(),
  map: containerToCandidate,
}
const asProcess: SwarmContext = { ...context, haproxyNetworks: undefined }

function candidate(facts: Partial<TaskFacts>, given = context) {
  const all = { task: task(), service: service(), node, image: undefined, ...facts }
  return taskToCandidate(all, given)
}

const image = {
  Config: {
    ExposedPorts: { '80/tcp': {} },
    Env: ['SERVICE_TAGS=of-image'],
    Labels: { 'fairlead.host': 'image.example', 'fairlead.weight': '1' },
  },
}

describe('a task', () => {
  it('is reached at its own address on a network that HAProxy is on, and not through the mesh', () => {
    const { endpoints, image: shown, name } = candidate({ image })
    expect(endpoints).toMatchObject([
      { id: 'host2:web.3.task1:80', service: 'web', node: 'host2', address: '10.88.1.7', port: 80 },
    ])
    expect([name, shown]).toEqual(['web.3', 'registry:5000/team/shop:2'])
  })

  it('is of the service that SERVICE_NAME says, with placeholders filled in', () => {
    const env = ['SERVICE_NAME=shop-{{.Node.Hostname}}-{{ .Task.Slot }}', 'SERVICE_TAGS={{.Odd}}']
    const [endpoint] = candidate({
      image,
      task: task({ Spec: { ContainerSpec: { Env: env } } }),
    }).endpoints
    expect(endpoint?.service).toBe('shop-host2-3')
    expect(endpoint?.tags).toEqual(['{{.Odd}}'])
  })

  it('has the labels of its container before those of its service before those of its image', () => {
    const Labels = { 'fairlead.host': 'service.example', 'fairlead.weight': '2' }
    const [endpoint] = candidate({
      image,
      service: service({ Spec: { Name: 'web', Labels } }),
      task: task({ Spec: { ContainerSpec: { Labels: { 'fairlead.weight': '3' } } } }),
    }).endpoints
    expect(endpoint?.labels).toEqual({ host: 'service.example', weight: '3' })
    expect(endpoint?.tags).toEqual(['of-image'])
  })

  it('offers the ports that its service names, rather than those of its image', () => {
    const Ports = [{ TargetPort: 8080, Protocol: 'tcp', PublishMode: 'ingress' }]
    const { endpoints } = candidate({
      image,
      service: service({ Endpoint: { Spec: { Ports } } }),
    })
    expect(endpoints.map(({ port }) => port)).toEqual([8080])
  })

  it('whose ports nobody knows is left out, with the command that helps', () => {
    const { endpoints, problems } = candidate({})
    expect(endpoints).toEqual([])
    expect(problems).toEqual([
      {
        where: 'task web.3',
        what: 'has no exposed port',
        hint: 'docker service update --label-add fairlead.port=PORT web',
      },
    ])
  })

  it('is taken to be healthy by its HEALTHCHECK, since Docker lets it run only then', () => {
    const Healthcheck = { Test: ['CMD', 'true'] }
    const checked = task({ Spec: { ContainerSpec: { Healthcheck } } })
    expect(candidate({ image, task: checked }).endpoints[0]?.isHealthReported).toBe(true)
    const off = task({ Spec: { ContainerSpec: { Healthcheck: { Test: ['NONE'] } } } })
    const facts = { image: { Config: { ...image.Config, Healthcheck } }, task: off }
    expect(candidate(facts).endpoints[0]?.isHealthReported).toBe(false)
  })
})

describe('where HAProxy is a process of its host', () => {
  const Ports = [{ TargetPort: 80, PublishedPort: 32_768, Protocol: 'tcp', PublishMode: 'host' }]

  it('a port that is published on its node is used, at the address of that node', () => {
    const published = task({
      Status: { State: 'running', PortStatus: { Ports } },
    })
    const [endpoint] = candidate({ image, task: published }, asProcess).endpoints
    expect(endpoint).toMatchObject({ address: '10.77.0.2', port: 32_768, exposedPort: 80 })
  })

  it('the address that a manager gives to others counts where its own is 0.0.0.0', () => {
    const published = task({ Status: { State: 'running', PortStatus: { Ports } } })
    const manager = {
      ...node,
      Status: { Addr: '0.0.0.0' },
      ManagerStatus: { Addr: '10.77.0.9:2377' },
    }
    const [endpoint] = candidate({ image, task: published, node: manager }, asProcess).endpoints
    expect(endpoint?.address).toBe('10.77.0.9')
  })

  it('one without is left out, with the reason and the command that helps', () => {
    const [problem] = candidate({ image }, asProcess).problems
    expect(problem?.what).toContain(
      'network "apps" (overlay) cannot be reached from a HAProxy that',
    )
    expect(problem?.hint).toContain('docker service update --publish-add mode=host,target=PORT web')
  })
})

describe('what a task is made of', () => {
  it('keeps its start time when its status changes, so that nothing learnt is lost', () => {
    const startOf = (Timestamp: string) =>
      taskToInspect({
        task: task({ Status: { State: 'running', Timestamp } }),
        service: service(),
        node,
        image,
      }).State?.StartedAt
    expect(startOf('2026-01-02T03:05:00Z')).toBe(startOf('2026-01-02T03:06:00Z'))
  })
})

describe('the Docker source beside it', () => {
  const whole = { ...contextOf(), networkOwner: undefined }

  function contextOf() {
    return {
      node: 'host1',
      networks: new Map(),
      network: undefined,
      usePublished: false,
      publishedAddress: undefined,
      isLocalDaemon: true,
      hasReachableBridges: true,
      daemonAddress: undefined,
      haproxyNetworks: undefined,
      ownContainerIds: new Set<string>(),
    }
  }

  it('leaves containers of tasks to it, and says so', () => {
    const Labels = { 'com.docker.swarm.task.id': 'task1' }
    const left = leaveTasksToSwarm({ Id: 'c1', Name: '/web.3.task1', Config: { Labels } }, whole)
    expect(left.endpoints).toEqual([])
    expect(left.decisions[0]?.what).toBe(
      'is the container of swarm task task1, which --swarm takes care of',
    )
  })

  it('keeps all others', () => {
    const own = leaveTasksToSwarm({ Id: 'c2', Name: '/db', State: { Running: true } }, whole)
    expect(own.decisions[0]?.what).toContain('container "db"')
  })
})
