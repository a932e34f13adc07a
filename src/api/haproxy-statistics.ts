/** One line of HAProxy's statistics that is a backend or a server (management.txt §9.1). */
export type StatisticsRow = {
  readonly backend: string
  /** undefined: the row of the backend itself. */
  readonly server: string | undefined
  /** `UP`, `DOWN`, `MAINT`, `DRAIN`, `no check`, … */
  readonly status: string
  readonly sessions: number
  /** HTTP requests since HAProxy's last reload. */
  readonly requests: number
  /** Answers by class since HAProxy's last reload: `2xx` → number. */
  readonly responses: ReadonlyMap<string, number>
}

const classes = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** The backends and servers in the CSV of `show stat`; columns are found by their names. */
export function parseStatistics(csv: string): StatisticsRow[] {
  const [header = '', ...lines] = csv.split('\n').filter((line) => line.trim() !== '')
  const columns = new Map(
    header
      .replace(/^# /, '')
      .split(',')
      .map((name, index) => [name, index]),
  )
  const rows: StatisticsRow[] = []
  for (const line of lines) {
    const cells = splitCsv(line)
    const text = (column: string): string => cells[columns.get(column) ?? -1] ?? ''
    const count = (column: string): number => Number(text(column)) || 0
    const isBackend = text('svname') === 'BACKEND'
    // Type 1 is a backend, 2 a server; frontends and listeners are not asked for.
    if (text('type') !== '1' && text('type') !== '2') continue
    rows.push({
      backend: text('pxname'),
      server: isBackend ? undefined : text('svname'),
      status: text('status'),
      sessions: count('scur'),
      requests: count('req_tot'),
      responses: new Map(classes.map((name) => [name, count(`hrsp_${name}`)])),
    })
  }
  return rows
}

/** Cells may be quoted, with doubled quotes inside: `last_chk` and the like. */
function splitCsv(line: string): string[] {
  if (!line.includes('"')) return line.split(',')
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((match) =>
    match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'),
  )
}
