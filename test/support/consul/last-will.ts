import { spawn } from 'node:child_process'

/** What is done when this process ends in whatever way, `kill -9` included, without `close`. */
export type LastWill = {
  /** The process to kill then; undefined: none. */
  kills(pid: number | undefined): void
  /** Its folder must be gone already. */
  close(): void
}

// Reads pids, the last one counts, until its stdin ends: with the process that holds the other side.
const script = `trap '' HUP INT TERM
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -9 "$pid"
  tries=0
  while kill -0 "$pid" && [ $tries -lt 10 ]; do tries=$((tries + 1)); sleep 0.1; done
fi
rm -rf "$1"`

/**
 * A shell beside this process that outlives it: removes the folder and kills the process named
 * last. Exit handlers are not enough, since a test runner may end its workers by a signal.
 */
export function lastWill(folder: string): LastWill {
  const shell = spawn('sh', ['-c', script, 'sh', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const { stdin } = shell
  shell.unref()
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
  return {
    kills: (pid) => {
      stdin.write(`${pid ?? ''}\n`)
    },
    close: () => {
      stdin.end()
    },
  }
}
