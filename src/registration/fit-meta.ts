import type { Problem } from '../model/problem.ts'

// Consul refuses the whole registration otherwise (manual: Service Definition, `meta`).
const mostKeys = 64
const mostKeyBytes = 128
const mostValueBytes = 512

export type FittedMeta = {
  readonly meta: Readonly<Record<string, string>>
  readonly problems: readonly Problem[]
}

/** The entries that Consul takes, in their order; a problem for each other. */
export function fitMeta(meta: Readonly<Record<string, string>>): FittedMeta {
  const kept: [string, string][] = []
  const problems: Problem[] = []
  for (const [key, value] of Object.entries(meta)) {
    const what = faultOf(key, value) ?? (kept.length < mostKeys ? undefined : tooMany)
    if (what === undefined) kept.push([key, value])
    else problems.push({ where: `attribute ${JSON.stringify(key)}`, what, hint })
  }
  return { meta: Object.fromEntries(kept), problems }
}

const tooMany = `is left out: Consul takes ${mostKeys} meta keys at most`
const hint = 'change or remove that SERVICE_ variable or label'

function faultOf(key: string, value: string): string | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(key)) {
    return 'is left out: Consul takes letters, digits, - and _ in meta keys'
  }
  if (key.length > mostKeyBytes) {
    return `is left out: Consul takes ${mostKeyBytes} bytes in a meta key`
  }
  if (key.startsWith('consul-')) return 'is left out: Consul keeps the prefix consul- to itself'
  if (Buffer.byteLength(value) > mostValueBytes) {
    return `is left out: Consul takes ${mostValueBytes} bytes in a meta value`
  }
  return undefined
}
