// What every script says and how it ends. Plain Node: this runs before `npm ci`.

const startedAtMs = performance.now()

// A terminal or pipe that has gone must not keep a script from cleaning up.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (!['EPIPE', 'EIO'].includes(error.code)) throw error
  })
}

/** Prints one progress line with the seconds since the script started. */
export function say(text) {
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(5)
  process.stdout.write(`[${seconds} s] ${text}\n`)
}

/** Something the script cannot do for the user. `hint` is the command or the change that helps. */
export class SetupError extends Error {
  constructor(message, hint = '') {
    super(message)
    this.name = 'SetupError'
    this.hint = hint
  }
}

/** Ends of child processes by signal and of this process by signal share these exit codes. */
export const signalExitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

/** Runs a script's main function; an expected failure becomes one clear message and exit code 1. */
export async function runMain(main) {
  try {
    await main()
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`)
    process.exitCode = 1
  }
}

function describe(error) {
  if (!(error instanceof Error)) return String(error)
  if (error.hint === undefined) return error.stack
  return error.hint === '' ? error.message : `${error.message}\n  ${error.hint}`
}
