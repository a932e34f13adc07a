import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findComposes } from '../../../scripts/lib/compose.mjs'
import type { Host } from '../host.ts'
import type { Lab } from '../lab.ts'
import { importConsul } from './consul-image.ts'
import { giveImages } from './give-images.ts'
import { readmeCommands, type ReadmeCommands } from './readme-commands.ts'

/** Told of each command as the user types it, and of each line that it says. */
export type Listener = (text: string) => void

export type RolloutOptions = {
  /** Folder below `deploy/`. */
  readonly folder: string
  readonly composeLine: '1.29' | '2'
  /** What stands for what in the README's commands: addresses, tokens. */
  readonly words?: ReadonlyMap<string, string>
  readonly listener?: Listener
}

const deployFolder = fileURLToPath(new URL('../../../deploy', import.meta.url))

/**
 * One folder of `deploy/`, copied to every host of a lab, and the commands of its README, given there
 * as a user gives them.
 */
export class Rollout {
  readonly lab: Lab
  readonly commands: ReadmeCommands
  readonly #options: RolloutOptions

  private constructor(lab: Lab, options: RolloutOptions) {
    this.lab = lab
    this.commands = readmeCommands(join(deployFolder, options.folder, 'README.md'))
    this.#options = options
  }

  /** Brings images, Compose and the folder to all hosts. */
  static async prepare(lab: Lab, options: RolloutOptions): Promise<Rollout> {
    const rollout = new Rollout(lab, options)
    const compose = findComposes().find(({ line }) => line === options.composeLine)
    if (compose === undefined) {
      throw new Error(`no Compose ${options.composeLine} here; node scripts/setup.mjs --lab`)
    }
    for (const host of lab.hosts) rollout.#bringFiles(host, compose.program)
    await giveImages(lab)
    await importConsul(lab)
    return rollout
  }

  /** Gives all commands of the README's blocks of this name on these hosts, one host after the other. */
  async give(where: string, hosts: readonly Host[], words?: ReadonlyMap<string, string>) {
    for (const host of hosts) {
      for (const command of this.commands(where)) await this.run(host, command, words)
    }
  }

  /** Gives one command on a host, in its copy of the folder; its stdout. Throws CommandFailed. */
  async run(host: Host, command: string, words?: ReadonlyMap<string, string>): Promise<string> {
    const typed = this.#typed(command, words)
    this.#options.listener?.(`${host.name}$ ${typed}`)
    const path = { PATH: `${this.#programs(host)}:/usr/sbin:/usr/bin:/sbin:/bin` }
    const options = { cwd: this.folderOn(host), env: path, timeoutMs: 180_000 }
    const output = await host.run('/bin/sh', ['-c', typed], options)
    for (const line of output.split('\n').filter((each) => each.trim() !== '')) {
      this.#options.listener?.(`  ${line}`)
    }
    return output.trimEnd()
  }

  /** Where the folder is on this host. */
  folderOn(host: Host): string {
    return join(host.folder, 'user', this.#options.folder)
  }

  #typed(command: string, words: ReadonlyMap<string, string> = new Map()): string {
    const all = [...(this.#options.words ?? []), ...words]
    const own = all.reduce((text, [from, to]) => text.replaceAll(from, to), command)
    return this.#options.composeLine === '2'
      ? own
      : own.replaceAll('docker compose', 'docker-compose')
  }

  #programs(host: Host): string {
    return join(host.folder, 'user', 'bin')
  }

  #bringFiles(host: Host, compose: string): void {
    cpSync(join(deployFolder, this.#options.folder), this.folderOn(host), { recursive: true })
    const plugins = join(host.folder, 'cli-plugins')
    for (const folder of [plugins, this.#programs(host)]) mkdirSync(folder, { recursive: true })
    // The docker command looks for its plugins in its configuration folder.
    if (this.#options.composeLine === '2') symlinkSync(compose, join(plugins, 'docker-compose'))
    else symlinkSync(compose, join(this.#programs(host), 'docker-compose'))
  }
}
