/** One line of `show stat`: a frontend, a backend, a server or a listener. */
export type StatisticsRow = {
  readonly kind: 'frontend' | 'backend' | 'server' | 'listener'
  /** Name of the frontend or backend. */
  readonly proxy: string
  /** Name of the server; FRONTEND or BACKEND for the other kinds. */
  readonly server: string
  /** `UP`, `DOWN 1/2`, `MAINT`, `DRAIN`, `no check`, `OPEN`, … */
  readonly status: string
  readonly sessions: number
  /** HTTP requests; for servers the sessions so far where HAProxy does not count requests. */
  readonly requests: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** Every column by its name (management.txt §9.1). */
  readonly columns: ReadonlyMap<string, string>
}

/**
 * Reads the CSV of `show stat`. Columns are found by their names, since newer versions have more;
 * counters start at 0 with each worker.
 */
export function parseStatistics(csv: string): StatisticsRow[] {
  const lines = csv.split('\n').filter((line) => line.trim() !== '')
  const header = lines.find((line) => line.startsWith('# '))
  if (header === undefined) return []
  const names = header.slice(2).split(',')
  return lines.filter((line) => line !== header).map((line) => rowOf(names, splitCsv(line)))
}

function rowOf(names: readonly string[], cells: readonly string[]): StatisticsRow {
  const columns = new Map<string, string>()
  for (const [index, name] of names.entries()) {
    if (name !== '') columns.set(name, cells[index] ?? '')
  }
  const text = (name: string): string => columns.get(name) ?? ''
  const number = (name: string): number => Number(text(name) || 0)
  return {
    kind: kinds[number('type')] ?? 'listener',
    proxy: text('pxname'),
    server: text('svname'),
    status: text('status'),
    sessions: number('scur'),
    requests: text('req_tot') === '' ? number('stot') : number('req_tot'),
    bytesIn: number('bin'),
    bytesOut: number('bout'),
    columns,
  }
}

const kinds = ['frontend', 'backend', 'server', 'listener'] as const

/** A cell with a comma or a quote stands in double quotes, with each quote doubled. */
function splitCsv(line: string): string[] {
  if (!line.includes('"')) return line.split(',')
  const cells: string[] = []
  const cell = /(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/gy
  while (cell.lastIndex < line.length) {
    const match = cell.exec(line)
    if (match === null) break
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
  }
  return cells
}
