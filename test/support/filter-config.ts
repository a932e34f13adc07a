import { allowedRequests, targetPattern } from '../../src/discovery/docker/allowed-requests.ts'
import type { Occasion } from '../../src/discovery/docker/allowed-requests.ts'

const switches: Readonly<Partial<Record<Occasion, string>>> = {
  join: 'ALLOW_JOIN',
  swarm: 'ALLOW_SWARM',
}

/** The part of the filter's configuration that says what is let through, from the table. */
export function filterLines(): string {
  // Both are there even where no request of theirs is.
  const lines = ['  acl get always_false', '  acl post always_false']
  for (const when of ['always', 'join', 'swarm'] as const) {
    const name = switches[when]
    if (name !== undefined) lines.push(`  .if streq("$${name}",yes)`)
    for (const request of allowedRequests.filter((each) => each.when === when)) {
      lines.push(`  # ${request.why}`)
      lines.push(`  acl ${request.method.toLowerCase()} url -m reg '${targetPattern(request)}'`)
    }
    if (name !== undefined) lines.push('  .endif')
  }
  return `${lines.join('\n')}\n`
}

/** The table of docs/operations.md, as Markdown. */
export function requestsTable(): string {
  const words = {
    always: 'always',
    join: 'joining networks',
    swarm: '`up --swarm`',
  }
  const rows = allowedRequests.map(
    ({ method, path, when, why, without }) =>
      `| \`${method} ${path}\` | ${words[when]} | ${why} | ${without} |`,
  )
  return ['| request | when | what for | without it |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
}
