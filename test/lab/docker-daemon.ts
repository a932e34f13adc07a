import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Docker } from '../../demo/docker.ts'
import { cgroupFlags, cgroupParent } from './cgroups.ts'
import { HostDaemon } from './host-daemon.ts'
import { HostProcess, type Machine } from './host-process.ts'
import { bridgePool, hostAddress, hostFolder, runnerAddress, type Place } from './place.ts'
import { until } from './until.ts'

const startTimeoutMs = 90_000
const port = 2375

/** The Docker daemon of a host: at its socket, at tcp port 2375, and at /var/run/docker.sock there. */
export class DockerDaemon {
  /** Visible from the root namespace too. */
  readonly socket: string
  readonly url: string
  readonly api: Docker
  readonly #place: Place
  readonly #number: number
  readonly #daemon: HostDaemon
  #flags: readonly string[] = []
  #isWanted = false

  constructor(place: Place, number: number) {
    const folder = hostFolder(place, number)
    this.socket = join(folder, 'docker.sock')
    this.url = `tcp://${hostAddress(place, number)}:${port}`
    this.api = new Docker({ socketPath: this.socket })
    this.#place = place
    this.#number = number
    this.#daemon = new HostDaemon(join(folder, 'dockerd.log'))
  }

  get isRunning(): boolean {
    return this.#daemon.isRunning
  }

  /** Whether a boot of the host starts it. */
  get isWanted(): boolean {
    return this.#isWanted
  }

  get pid(): number | undefined {
    return this.#daemon.pid
  }

  /** Starts it with these flags of dockerd(8), those of the last time without; waits for its API. */
  async start(machine: Machine, flags: readonly string[] = this.#flags): Promise<void> {
    this.#flags = flags
    this.#isWanted = true
    await this.#removePidFiles(machine)
    this.#daemon.start(machine, 'dockerd', [...this.#ownFlags(), ...flags])
    const what = `dockerd of host ${this.#number} answers; its log is ${this.#daemon.logFile}`
    await until(what, () => this.#isReady(), startTimeoutMs)
  }

  /** kill -9 of dockerd: its containerd dies too, its containers live on. */
  kill(): Promise<unknown> {
    return this.#daemon.kill()
  }

  /** As systemd stops it; its containers stop too, but for `--live-restore`. */
  stop(): Promise<unknown> {
    return this.#daemon.stop()
  }

  async #isReady(): Promise<boolean> {
    if (!this.isRunning) throw new Error('it has ended')
    await this.api.call('GET', '/_ping', [200], { timeoutMs: 1000 })
    return true
  }

  // Left by a kill -9, they name a pid that another process of the host may have by now.
  async #removePidFiles(machine: Machine): Promise<void> {
    const files = ['/run/docker.pid', '/run/docker/containerd/containerd.pid']
    await new HostProcess(machine, 'rm', ['-f', ...files]).result()
    rmSync(this.socket, { force: true })
  }

  #ownFlags(): readonly string[] {
    const folder = hostFolder(this.#place, this.#number)
    const configuration = join(folder, 'daemon.json')
    // Else that of the machine's own Docker is read.
    writeFileSync(configuration, '{}')
    return [
      `--config-file=${configuration}`,
      `--host=unix://${this.socket}`,
      '--host=unix:///run/docker.sock',
      `--host=${this.url}`,
      '--tls=false',
      `--data-root=${join(folder, 'docker')}`,
      '--exec-root=/run/docker',
      '--pidfile=/run/docker.pid',
      `--cgroup-parent=${cgroupParent(this.#place, this.#number)}`,
      ...cgroupFlags(),
      '--storage-driver=overlay2',
      `--default-address-pool=base=${bridgePool(this.#place, this.#number)},size=24`,
      // Hosts have no way out: a name that nobody knows is refused at once rather than after seconds.
      `--dns=${runnerAddress(this.#place)}`,
    ]
  }
}
