import { firstWord } from '../../haproxy/config/sections.ts'
import { ServerSectionReader } from '../../haproxy/diff/with-servers.ts'
import type { ServerSection } from '../../haproxy/diff/with-servers.ts'
import { ConfigRejectedError } from '../../haproxy/runtime/errors.ts'
import { PinError, PinnedStructure } from '../../ledger/pinned-state.ts'
import type { DesiredState } from '../../model/desired-state.ts'
import { messageOf } from '../../model/errors.ts'
import type { Problem } from '../../model/problem.ts'

/** What of a rendered text HAProxy has refused. */
type Refusal = {
  readonly problem: Problem
  /** All of it but `server` lines. */
  readonly structure: string
  /** Its `server` lines, where HAProxy refuses these as well; else undefined. */
  readonly servers: string | undefined
}

/**
 * What is applied while HAProxy refuses what a template gives: the text in force, and of the refused
 * one the servers, so that containers still come and go and operators' words count. Where HAProxy
 * does not take these either, servers only leave. Over when the template gives another text.
 */
export class RefusedStructure {
  readonly #reader = new ServerSectionReader()
  #inForce: DesiredState | undefined
  #refusal: Refusal | undefined
  /** Servers of what the template gave last. */
  #servers = ''

  /** A state that is in force now. */
  applied(desired: DesiredState): void {
    this.#inForce = desired
  }

  /** A state that could not be applied. True: `steer` gives another one from now on. */
  failed(error: unknown, desired: DesiredState): boolean {
    const isTried = this.#refusal?.servers !== undefined
    if (!(error instanceof ConfigRejectedError) || this.#inForce === undefined || isTried) {
      return false
    }
    const sections = this.#reader.read(desired)
    if (sections === undefined) return false
    // The structure in force was taken before: what is new are the servers.
    const before = this.#refusal
    const problem = { where: 'haproxy', what: messageOf(error), hint: '' }
    this.#refusal =
      before === undefined
        ? {
            problem: {
              ...problem,
              hint: 'the text before stays in force, with the servers of now',
            },
            structure: structureOf(sections),
            servers: undefined,
          }
        : {
            problem: {
              ...before.problem,
              hint: 'the text before stays in force; servers leave, none come',
            },
            structure: before.structure,
            servers: this.#servers,
          }
    return true
  }

  /** What to apply in place of what the template gives. */
  steer(wanted: DesiredState): DesiredState {
    const [refusal, inForce] = [this.#refusal, this.#inForce]
    if (refusal === undefined || inForce === undefined) return wanted
    const sections = this.#reader.read(wanted)
    this.#servers = serversOf(sections ?? [])
    const isSame =
      sections !== undefined &&
      structureOf(sections) === refusal.structure &&
      (refusal.servers === undefined || this.#servers === refusal.servers)
    if (!isSame) {
      this.#refusal = undefined
      return wanted
    }
    try {
      const live = refusal.servers === undefined ? wanted : this.#leaving(wanted, sections, inForce)
      return new PinnedStructure(inForce).withServersOf(live).desired
    } catch (error) {
      // The two have nothing in common: what is in force stays as it is.
      if (error instanceof PinError) return inForce
      throw error
    }
  }

  problems(): readonly Problem[] {
    return this.#refusal === undefined ? [] : [this.#refusal.problem]
  }

  /** The wanted state with those servers only that are in force, as they are there. */
  #leaving(
    wanted: DesiredState,
    sections: readonly ServerSection[],
    inForce: DesiredState,
  ): DesiredState {
    const running = new Map(
      (new ServerSectionReader().read(inForce) ?? []).map(({ key, servers }) => [key, servers]),
    )
    const config = sections.map(({ key, before, servers, after }) => {
      const wantedServers = new Set(linesOf(servers).map(identityOf))
      const left = linesOf(running.get(key) ?? '').filter((line) =>
        wantedServers.has(identityOf(line)),
      )
      return `${before}${left.map((line) => `${line}\n`).join('')}${after}`
    })
    return { ...wanted, config: config.join(''), sections: config }
  }
}

function structureOf(sections: readonly ServerSection[]): string {
  return sections.map(({ before, after }) => `${before}\0${after}`).join('\0')
}

function serversOf(sections: readonly ServerSection[]): string {
  return sections.map(({ key, servers }) => `${key}\0${servers}`).join('\0')
}

function linesOf(servers: string): readonly string[] {
  return servers.split('\n').filter((line) => firstWord(line, 0, 1) === 'server')
}

/** Name and address. */
function identityOf(line: string): string {
  return line.trim().split(/\s+/).slice(1, 3).join(' ')
}
