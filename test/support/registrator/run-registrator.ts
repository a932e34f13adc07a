import { runRegistrator } from '../../../src/registrator/run.ts'
import { waitUntil } from '../wait-until.ts'

/** Registrator's stand-in within this process, on a host that is called host1. */
export class RegistratorRun {
  /** Log lines without their time. */
  readonly lines: string[] = []
  readonly exit: Promise<number>
  readonly #stop = new AbortController()

  constructor(
    args: readonly string[],
    dockerUrl: string,
    environment: Readonly<Record<string, string>> = {},
  ) {
    this.exit = runRegistrator({
      argv: args,
      program: 'registrator',
      environment: { DOCKER_HOST: dockerUrl, ...environment },
      hostname: 'host1',
      out: () => undefined,
      err: (text) => void this.lines.push(text.trimEnd().replace(/^[\d/]+ [\d:]+ /, '')),
      signal: this.#stop.signal,
    })
  }

  async until(line: string | RegExp, count = 1): Promise<void> {
    const isIt = (each: string): boolean =>
      typeof line === 'string' ? each === line : line.test(each)
    await waitUntil(`${count} × ${line} in\n${this.lines.join('\n')}`, () => {
      return this.lines.filter(isIt).length >= count
    })
  }

  /** Ends it as a signal does; its exit code. */
  async stop(): Promise<number> {
    this.#stop.abort()
    return this.exit
  }
}
