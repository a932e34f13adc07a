/** What `show info` says of a worker (management.txt §9.3). */
export type WorkerInfo = {
  readonly pid: number
  readonly version: string
  /** It has been told to end and only serves what it has. */
  readonly isStopping: boolean
  readonly uptimeSeconds: number
  /** When it started, Unix seconds by its own clock: with the pid it names one worker. */
  readonly startedAtSeconds: number
  /** Every field as HAProxy prints it. */
  readonly fields: ReadonlyMap<string, string>
}

/** Reads `show info`; undefined for what is no such answer. */
export function parseInfo(reply: string): WorkerInfo | undefined {
  const fields = new Map<string, string>()
  for (const line of reply.split('\n')) {
    const colon = line.indexOf(': ')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2).trim())
  }
  const pid = Number(fields.get('Pid'))
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return {
    pid,
    version: fields.get('Version') ?? '',
    isStopping: fields.get('Stopping') !== '0',
    uptimeSeconds: Number(fields.get('Uptime_sec') ?? 0),
    startedAtSeconds: Number(fields.get('Start_time_sec') ?? 0),
    fields,
  }
}
