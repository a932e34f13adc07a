import { readFile, rename, rm } from 'node:fs/promises'
import * as v from 'valibot'
import type { PinReport } from '../api/contract.ts'
import type { DesiredState } from '../model/desired-state.ts'
import { messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import { writeFileAtomic } from '../support/atomic-file.ts'
import { applyStateDelta, emptyState, stateDelta, type StateDelta } from './state-delta.ts'

/** A pinned generation with its state: the pin holds also where the history is lost. */
export type Pin = PinReport & { readonly state: DesiredState }

const formatVersion = 1

/**
 * Reads the pin; undefined: none. A damaged file is renamed to `<path>.refused` and a problem: then
 * the newest structure is in force.
 */
export async function readPin(
  path: string,
): Promise<{ readonly pin: Pin | undefined; readonly problem: Problem | undefined }> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return { pin: undefined, problem: undefined }
    }
    throw error
  }
  try {
    const { generation, sinceMs, state } = v.parse(schema, JSON.parse(text))
    const pinned = applyStateDelta(emptyState, state as StateDelta)
    return { pin: { generation, sinceMs, state: pinned }, problem: undefined }
  } catch (error) {
    const aside = `${path}.refused`
    await rename(path, aside)
    const what = `${path} was refused, and nothing is pinned: ${messageOf(error)}`
    const hint = `it was kept as ${aside}; \`fairlead history\` lists what can be rolled back to`
    return { pin: undefined, problem: { where: 'pin', what, hint } }
  }
}

/** Throws StateWriteError; the old file then stays whole. */
export async function writePin(path: string, { generation, sinceMs, state }: Pin): Promise<void> {
  const kept = { version: formatVersion, generation, sinceMs, state: stateDelta(emptyState, state) }
  await writeFileAtomic(path, `${JSON.stringify(kept)}\n`)
}

export async function removePin(path: string): Promise<void> {
  await rm(path, { force: true })
}

const textDelta = v.array(v.string())
const schema = v.object({
  version: v.literal(formatVersion, 'it is of another version'),
  generation: v.pipe(v.number(), v.integer(), v.minValue(1)),
  sinceMs: v.number(),
  state: v.object({
    text: v.optional(v.array(v.string())),
    isWhole: v.optional(v.boolean()),
    files: v.optional(v.array(v.tuple([v.string(), textDelta]))),
    servers: v.optional(v.array(v.tuple([v.string(), v.picklist(['ready', 'drain', 'maint'])]))),
  }),
})
