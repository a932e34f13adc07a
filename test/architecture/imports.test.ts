import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const source = resolve(import.meta.dirname, '../../src')

/**
 * Which parts of src a part may import, beside itself. Everything may import `model` and `support`;
 * those two are at the bottom. A part is a folder, or a file that is a contract by itself.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  model: [],
  support: ['model'],
  'version.ts': [],
  settings: [],
  'api/contract.ts': [],
  registry: [],
  'registry/embedded': ['registry'],
  // Consul's HTTP API: its words and a client.
  consul: [],
  // Following a large catalogue with few connections.
  'consul-catalogue': ['consul'],
  // What a container wants registered, and keeping a registry so.
  registration: ['consul'],
  'registry/consul': [
    'registry',
    'registry/embedded',
    'consul',
    'consul-catalogue',
    'registration',
    'discovery',
    'cluster/own-service.ts',
  ],
  // The name under which load balancers are registered, which nobody routes.
  'cluster/own-service.ts': ['consul'],
  // Load balancers tell each other through Consul what they serve.
  cluster: ['api/contract.ts', 'cluster/own-service.ts', 'consul', 'haproxy/config'],
  // The embedded registry under Consul's HTTP API.
  'consul-api': ['consul', 'discovery', 'registry', 'registry/embedded'],
  // Registrator's job as a program of its own.
  registrator: [
    'consul',
    'registration',
    'discovery/docker',
    'discovery',
    'settings',
    'template/*',
    'version.ts',
  ],
  'template/template-error.ts': [],
  // What templates depend on, and what is known of it: types.
  'template/dependency.ts': [],
  'template/catalogue.ts': [],
  'template/contract.ts': ['template/dependency.ts', 'template/catalogue.ts'],
  // Consul's answers as what templates depend on.
  'template/records': ['template/go', 'template/catalogue.ts', 'template/dependency.ts'],
  // consul-template's functions, sprig's among them.
  'template/functions': [
    'template/go',
    'template/records',
    'template/template-error.ts',
    'template/contract.ts',
    'template/dependency.ts',
    'template/catalogue.ts',
  ],
  // Evaluating a template with what is known.
  'template/render': [
    'template/functions',
    'template/go',
    'template/records',
    'template/template-error.ts',
    'template/contract.ts',
    'template/dependency.ts',
    'template/catalogue.ts',
  ],
  // Keeping what templates depend on up to date.
  'template/watch': [
    'consul',
    'consul-catalogue',
    'template/go',
    'template/records',
    'template/contract.ts',
    'template/dependency.ts',
    'template/catalogue.ts',
  ],
  // What templates give, in place of routing.
  'template/desired': [
    'haproxy/config',
    'haproxy/diff',
    'haproxy/runtime/errors.ts',
    'ledger',
    'routing',
    'template/catalogue.ts',
    'template/contract.ts',
    'template/dependency.ts',
    'template/render',
  ],
  // consul-template's flags and configuration files.
  'template/config': ['settings', 'version.ts'],
  // consul-template as a program of its own.
  'template/runner': ['consul', 'consul-catalogue', 'template/*', 'version.ts'],
  // The engine as a library.
  'template/library.ts': [
    'template/go',
    'template/library-types.d.ts',
    'template/template-error.ts',
  ],
  // What is shipped as the library's types.
  'template/library-types.d.ts': [],
  // Go's text/template.
  'template/go': ['template/template-error.ts'],
  // The functions of registrator's -tags.
  'template/registrator': ['template/go', 'template/template-error.ts'],
  'template/registrator-tags.ts': [
    'template/go',
    'template/registrator',
    'template/template-error.ts',
  ],
  readiness: [],
  'access-log': [],
  'haproxy/control.ts': [],
  'haproxy/capabilities.ts': [],
  'haproxy/config': ['haproxy/capabilities.ts'],
  'haproxy/runtime/errors.ts': [],
  'haproxy/runtime/words.ts': [],
  'haproxy/diff/plan.ts': ['haproxy/control.ts'],
  'haproxy/diff': [
    'haproxy/control.ts',
    'haproxy/capabilities.ts',
    'haproxy/config',
    'haproxy/diff/plan.ts',
    'haproxy/runtime/words.ts',
  ],
  'haproxy/process/listeners.ts': [],
  'haproxy/process/binds.ts': ['haproxy/process/listeners.ts', 'haproxy/runtime/errors.ts'],
  'haproxy/process/runner.ts': ['haproxy/control.ts', 'haproxy/process/binds.ts'],
  'haproxy/runtime': [
    'haproxy/control.ts',
    'haproxy/capabilities.ts',
    'haproxy/diff/plan.ts',
    'haproxy/process/runner.ts',
    'haproxy/runtime/errors.ts',
    'haproxy/runtime/words.ts',
  ],
  'haproxy/process': [
    'haproxy/control.ts',
    'haproxy/capabilities.ts',
    'haproxy/config',
    'haproxy/process/binds.ts',
    'haproxy/process/listeners.ts',
    'haproxy/process/runner.ts',
    'haproxy/runtime',
    'haproxy/runtime/errors.ts',
  ],
  // The apply stage: it joins diff, process and runtime.
  haproxy: ['haproxy/*'],
  // Looking at a HAProxy and its surroundings, and judging.
  doctor: [
    'discovery/docker/allowed-requests.ts',
    'haproxy/capabilities.ts',
    'haproxy/config',
    'haproxy/control.ts',
    'haproxy/process',
    'haproxy/process/binds.ts',
    'haproxy/process/listeners.ts',
    'haproxy/runtime',
  ],
  routing: ['haproxy/capabilities.ts', 'haproxy/config'],
  // What may be asked of Docker: a table.
  'discovery/docker/allowed-requests.ts': [],
  // What sources and the networks of HAProxy's container say to each other.
  'networks/contract.ts': [],
  // Attaching HAProxy's container to networks, through Docker.
  networks: ['networks/contract.ts', 'discovery/docker', 'settings'],
  'discovery/docker': ['discovery', 'networks/contract.ts', 'settings'],
  // A task is mapped as the container that it is.
  'discovery/swarm': ['discovery', 'discovery/docker', 'networks/contract.ts', 'settings'],
  discovery: ['api/contract.ts'],
  // Compose files as the containers they would become, through discovery and routing as they are.
  compose: ['discovery/docker', 'registry/embedded', 'routing', 'settings'],
  operator: ['routing'],
  // What was done, and earlier states; told apart by the same difference that is applied.
  ledger: [
    'api/contract.ts',
    'haproxy/capabilities.ts',
    'haproxy/config',
    'haproxy/control.ts',
    'haproxy/diff',
  ],
  pipeline: ['api/contract.ts', 'operator', 'readiness', 'registry', 'routing'],
  // Between pipeline and routing: leaves out what HAProxy rejects.
  quarantine: ['haproxy/runtime/errors.ts', 'routing'],
  report: ['api/contract.ts', 'pipeline', 'routing'],
  api: ['api/contract.ts', 'settings', 'version.ts'],
  // Applying a configuration that people wrote to a HAProxy that somebody else runs.
  handwritten: ['haproxy', 'haproxy/*'],
  // Commands that need no daemon may use the pure parts; `up` starts the daemon itself.
  cli: [
    'api/contract.ts',
    'doctor',
    'compose',
    'daemon',
    'handwritten',
    'haproxy/runtime/errors.ts',
    'ledger',
    'registrator',
    'routing',
    'settings',
    // Rendering without Consul.
    'template/contract.ts',
    'template/dependency.ts',
    'template/go',
    'template/render',
    'template/template-error.ts',
    'template/config',
    'template/runner',
    'version.ts',
  ],
  // The composition root: the one place that knows every part.
  daemon: ['*'],
  // Hands over: to the command line, to the daemon, to the process that ends HAProxy. None of them
  // is loaded before it is known which is wanted.
  'main.ts': ['cli', 'daemon', 'haproxy/process'],
}

/** Parts without input, output or clock: the same arguments always give the same result. */
const pure = [
  'model',
  'routing',
  'haproxy/config',
  'haproxy/diff',
  'template/go',
  'template/records',
  'compose',
]
const pureModules = ['node:crypto', 'node:net', 'node:path', 'node:url', 'node:util']

type Import = { readonly from: string; readonly to: string }

const files = (readdirSync(source, { recursive: true }) as string[]).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
)

function partOf(file: string): string {
  if (file in allowed) return file
  if (/^daemon[-.\w]*\.ts$/.test(file)) return 'daemon'
  const parts = Object.keys(allowed).filter((part) => file.startsWith(`${part}/`))
  return parts.toSorted((a, b) => b.length - a.length)[0] ?? file
}

function specifiers(file: string): readonly string[] {
  const text = readFileSync(join(source, file), 'utf8')
  const matches = text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)
  return [...matches].map(([, specifier = '']) => specifier)
}

const imports: readonly Import[] = files.flatMap((from) =>
  specifiers(from)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => ({
      from,
      to: relative(source, resolve(source, dirname(from), specifier)),
    })),
)

/** The listed edges of a part; `*` is every part but the command line, `folder/*` those in it. */
function edgesOf(part: string): readonly string[] {
  return (allowed[part] ?? []).flatMap((edge) => {
    if (!edge.endsWith('*')) return [edge]
    const inside = Object.keys(allowed).filter((other) => other.startsWith(edge.slice(0, -1)))
    return inside.filter((other) => other !== part && !['main.ts', 'cli'].includes(other))
  })
}

const isAllowed = ({ from, to }: Import): boolean => {
  const [importer, imported] = [partOf(from), partOf(to)]
  if (importer === imported || imported === 'model' || imported === 'support') {
    return importer !== 'model' || imported === 'model'
  }
  return edgesOf(importer).includes(imported)
}

/** A way from a node back to itself, or undefined. */
function findCycle(edgesOf: (node: string) => readonly string[], nodes: readonly string[]) {
  const done = new Set<string>()
  const visit = (node: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node]
    if (done.has(node)) return undefined
    for (const next of edgesOf(node)) {
      const cycle = visit(next, [...path, node])
      if (cycle !== undefined) return cycle
    }
    done.add(node)
    return undefined
  }
  for (const node of nodes) {
    const cycle = visit(node, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}

describe('imports', () => {
  it('has a place in the list for every file', () => {
    expect(files.filter((file) => !(partOf(file) in allowed))).toEqual([])
  })

  it('go only along the listed edges', () => {
    const wrong = imports.filter((edge) => !isAllowed(edge))
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([])
  })

  it('form no circle of parts', () => {
    expect(findCycle(edgesOf, Object.keys(allowed))).toBeUndefined()
  })

  it('form no circle of files', () => {
    const edgesOf = (file: string) =>
      imports.filter(({ from }) => from === file).map(({ to }) => to)
    expect(findCycle(edgesOf, files)).toBeUndefined()
  })

  it('bring neither input and output nor a clock into the pure parts', () => {
    const pureFiles = files.filter((file) => pure.includes(partOf(file)))
    const effects = pureFiles.flatMap((file) => {
      const modules = specifiers(file).filter((name) => name.startsWith('node:'))
      const text = readFileSync(join(source, file), 'utf8')
      const clocks =
        text.match(/\bDate\.now\(|\bperformance\.now\(|\bset(Timeout|Interval)\(/g) ?? []
      const wrong = [...modules.filter((name) => !pureModules.includes(name)), ...clocks]
      return wrong.map((what) => `${file}: ${what}`)
    })
    expect(effects).toEqual([])
  })
})
