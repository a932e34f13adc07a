import { readFile, rename } from 'node:fs/promises'
import * as v from 'valibot'
import { messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import { emptyMemory, type OperatorWord, type RoutingMemory } from '../routing/contract.ts'
import { writeFileAtomic } from '../support/atomic-file.ts'

/** What the daemon keeps beside the registry: operators' words, routing's memory, what was probed. */
export type KeptState = {
  /** By endpoint id. */
  readonly words: ReadonlyMap<string, OperatorWord>
  readonly memory: RoutingMemory
  /** Keys of endpoints that were seen to accept connections. */
  readonly accepted: readonly string[]
}

const formatVersion = 1

export const emptyKeptState: KeptState = { words: new Map(), memory: emptyMemory, accepted: [] }

/**
 * Reads the kept state. A missing file is an empty state; one that is damaged or of a newer version
 * is renamed to `<path>.refused` and named as a problem, since an operator's `drain` is in it.
 */
export async function readKeptState(
  path: string,
): Promise<{ readonly state: KeptState; readonly problem: Problem | undefined }> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return { state: emptyKeptState, problem: undefined }
    }
    throw error
  }
  try {
    const { words, memory, accepted } = v.parse(schema, JSON.parse(text))
    return {
      state: {
        words: new Map(
          words.map(([id, word]) => [
            id,
            { state: word.state, weight: word.weight, sinceMs: word.sinceMs },
          ]),
        ),
        memory: {
          ...memory,
          hosts: Object.fromEntries(memory.hosts),
          services: Object.fromEntries(memory.services),
        } as RoutingMemory,
        accepted,
      },
      problem: undefined,
    }
  } catch (error) {
    const aside = `${path}.refused`
    await rename(path, aside)
    return {
      state: emptyKeptState,
      problem: {
        where: 'kept state',
        what: `${path} was refused: ${messageOf(error)}`,
        hint: `it was kept as ${aside}; give drain, maint and weight again where they are still wanted`,
      },
    }
  }
}

/** Throws StateWriteError; the old file then stays whole. */
export async function writeKeptState(path: string, state: KeptState): Promise<void> {
  await writeFileAtomic(
    path,
    `${JSON.stringify({
      version: formatVersion,
      words: Object.fromEntries(state.words),
      memory: state.memory,
      accepted: state.accepted,
    })}\n`,
  )
}

/**
 * The entries of an object whose keys are names from outside. `v.record` passes over `constructor`,
 * `prototype` and `__proto__`, and endpoints, services and hosts may be called so.
 */
function entriesOf<S extends v.GenericSchema>(value: S) {
  return v.pipe(
    v.custom<Record<string, unknown>>(isPlainObject, 'an object is needed'),
    v.transform((object) => Object.entries(object)),
    v.array(v.tuple([v.string(), value])),
  )
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const schema = v.object({
  version: v.literal(formatVersion, 'it is of another version'),
  words: entriesOf(
    v.object({
      state: v.optional(v.picklist(['drain', 'maint'])),
      weight: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(256))),
      sinceMs: v.number(),
    }),
  ),
  memory: v.object({
    defaultService: v.optional(v.string()),
    hosts: entriesOf(v.string()),
    services: entriesOf(
      v.object({
        labels: v.record(v.string(), v.string()),
        emptySinceMs: v.optional(v.number()),
        firstRoutedMs: v.number(),
      }),
    ),
  }),
  accepted: v.array(v.string()),
})
