import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readdirSync, rmdirSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Docker } from '../../../demo/docker.ts'

const port = 2375
const startTimeoutMs = 60_000

/**
 * Another Docker daemon, on a host of its own as far as it can tell: own network, mounts, processes
 * and host name (unshare(1)), reached from here by a veth pair. Needs root and iproute2.
 *
 * The host is a shell, PID 1 in there, that takes its commands from a pipe. When the pipe closes,
 * also because the test was killed, the shell ends, and the kernel ends all that runs within and
 * takes its network and mounts away. The daemon has live-restore: its containers outlive it.
 */
export class SecondDaemon {
  /** Published ports are found at this address. */
  readonly address: string
  readonly docker: Docker
  readonly #folder: string
  /** Name of this run, for what is visible outside: our end of the veth pair, control groups. */
  readonly #run: string
  readonly #shell: ChildProcess
  readonly #input: Writable
  readonly #lines: AsyncIterator<string>
  #failure: Error | undefined

  private constructor(folder: string, hostName: string) {
    const [low = 0, high = 0] = randomBytes(2)
    // 198.18.0.0/15 is set aside for tests between networks (RFC 2544): nobody has these addresses.
    this.address = `198.${18 + (high % 2)}.${low}.2`
    this.docker = new Docker({ host: this.address, port })
    this.#folder = folder
    this.#run = `fl-${randomBytes(4).toString('hex')}`
    const log = openSync(join(folder, 'log'), 'a')
    const kinds = ['--net', '--mount', '--uts', '--pid', '--fork', '--mount-proc']
    const args = [...kinds, '--kill-child=KILL', 'bash', '-c', hostScript]
    const PATH = '/usr/sbin:/usr/bin:/sbin:/bin'
    const env = { PATH, HOST_NAME: hostName, FOLDER: folder, RUN: this.#run, ADDRESS: this.address }
    const shell = spawn('unshare', args, { stdio: ['pipe', 'pipe', log], env })
    closeSync(log)
    // Either way the shell's next answer does not come, and that is the error.
    shell.once('error', (error) => (this.#failure = error))
    shell.stdin?.on('error', (error) => (this.#failure = error))
    this.#shell = shell
    this.#input = shell.stdin as Writable
    this.#lines = createInterface({ input: shell.stdout as Readable })[Symbol.asyncIterator]()
  }

  /** Resolves when the daemon answers. */
  static async open(hostName: string): Promise<SecondDaemon> {
    const daemon = new SecondDaemon(await mkdtemp(join(tmpdir(), 'fl-e2e-host-')), hostName)
    try {
      await daemon.#cable()
      await daemon.start()
      return daemon
    } catch (error) {
      const log = await daemon.#log()
      await daemon.close()
      throw new Error(`a second Docker daemon (needs root) did not start\n${log}`, { cause: error })
    }
  }

  get url(): string {
    return `tcp://${this.address}:${port}`
  }

  /** Starts dockerd, also again after `kill`. */
  async start(): Promise<void> {
    await this.#command('start_dockerd')
    const endAt = performance.now() + startTimeoutMs
    while (!(await this.#isAnswering())) {
      if (performance.now() > endAt) throw new Error(`no answer after ${startTimeoutMs} ms`)
      await sleep(50)
    }
  }

  /** kill -9 of dockerd. Its containers go on. */
  async kill(): Promise<void> {
    await this.#command('kill -9 $dockerd; wait $dockerd')
  }

  /** kill -9 of a container's program, also while dockerd is gone. `pid`: as Docker inspects it. */
  async killProgram(pid: number): Promise<void> {
    await this.#command(`kill -9 ${pid}`)
  }

  async close(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#shell
    const isRunning = pid !== undefined && exitCode === null && signalCode === null
    const ended = isRunning && new Promise((resolve) => this.#shell.once('exit', resolve))
    this.#input.end()
    await ended
    this.#removeCable()
    removeControlGroups(this.#run)
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Our end of the veth pair is called like this run, the host's is eth0. */
  async #cable(): Promise<void> {
    // The host's network is there once its shell has answered.
    await this.#command(':')
    const peer = ['peer', 'name', 'eth0', 'netns', String(this.#shell.pid)]
    ip('link', 'add', this.#run, 'type', 'veth', ...peer)
    ip('addr', 'add', `${this.address.replace(/2$/, '1')}/24`, 'dev', this.#run)
    ip('link', 'set', this.#run, 'up')
    await this.#command('ip addr add $ADDRESS/24 dev eth0; ip link set eth0 up')
  }

  /** The kernel does it too, a moment after the host's network has gone. */
  #removeCable(): void {
    const isThere = (): boolean => existsSync(`/sys/class/net/${this.#run}`)
    if (!isThere()) return
    try {
      ip('link', 'delete', this.#run)
    } catch (error) {
      if (isThere()) throw error
    }
  }

  async #command(text: string): Promise<void> {
    this.#input.write(`${text}\n`)
    const line = await this.#lines.next()
    if (line.done !== true) return
    throw new Error(`its host ended before: ${text}`, { cause: this.#failure })
  }

  async #isAnswering(): Promise<boolean> {
    try {
      await this.docker.call('GET', '/_ping', [200], { timeoutMs: 1000 })
      return true
    } catch {
      // Not yet; why not is in its log, which the failure of the start shows.
      return false
    }
  }

  #log(): Promise<string> {
    return readFile(join(this.#folder, 'log'), 'utf8')
  }
}

// A sysfs of its own network, with the control groups of the machine mounted into it again. A /run
// of its own hides the other daemon's containerd. Forwarding is on before dockerd starts: then it
// leaves the policy of FORWARD as it is.
const hostScript = `
set -e
echo "$HOST_NAME" > /proc/sys/kernel/hostname
mkdir "$FOLDER/groups"
mount --rbind /sys/fs/cgroup "$FOLDER/groups"
mount -t sysfs sysfs /sys
mount --rbind "$FOLDER/groups" /sys/fs/cgroup
umount -l "$FOLDER/groups"
mount -t tmpfs -o mode=755 tmpfs /run
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
set +e
start_dockerd() {
  # After a kill -9 these name processes that are gone.
  rm -f "$FOLDER/dockerd.pid" /run/docker/containerd/containerd.pid
  dockerd --host "tcp://$ADDRESS:${port}" --tls=false --data-root "$FOLDER/data" \\
    --exec-root /run/docker --pidfile "$FOLDER/dockerd.pid" --live-restore \\
    --cgroup-parent "/$RUN" --exec-opt native.cgroupdriver=cgroupfs </dev/null >&2 &
  dockerd=$!
}
while read -r command; do
  eval "$command" >&2
  echo done
done
`

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** The empty groups that killed containers leave: one tree, or one in each controller's. */
function removeControlGroups(name: string): void {
  const root = '/sys/fs/cgroup'
  for (const tree of ['', ...readdirSync(root)]) {
    const group = join(root, tree, name)
    if (existsSync(group)) removeGroup(group)
  }
}

function removeGroup(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroup(join(folder, entry.name))
  }
  rmdirSync(folder)
}
