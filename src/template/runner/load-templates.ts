import { readFile } from 'node:fs/promises'
import { sweepTemporaries } from '../../support/atomic-file.ts'
import type { RunnerConfig, TemplateSetting } from '../config/contract.ts'
import type { Surroundings } from '../contract.ts'
import { textOfBytes } from '../go/byte-text.ts'
import { createProgram, type Program } from '../render/program.ts'
import { fileFault, RunnerError } from './errors.ts'
import { findOwner, type Owner } from './owner.ts'

/** A template that has been read and parsed; it is not read again. */
export type LoadedTemplate = {
  readonly setting: TemplateSetting
  /** Its path, or `(dynamic)`. */
  readonly name: string
  readonly program: Program
  readonly owner: Owner
}

/**
 * Reads and parses all templates. Throws a RunnerError, or a TemplateError with code `template_syntax`.
 */
export async function loadTemplates(
  config: Pick<RunnerConfig, 'templates' | 'isDry'>,
  surroundings: Omit<Surroundings, 'sandboxPath'>,
): Promise<readonly LoadedTemplate[]> {
  const loaded: LoadedTemplate[] = []
  for (const setting of config.templates) {
    const template = await load(setting, surroundings)
    const { destination } = setting
    if (destination === undefined && !config.isDry) {
      throw new RunnerError(`${template.name}: missing destination`)
    }
    loaded.push(template)
  }
  return loaded
}

/** As log lines name a template. */
export function shownTemplate({ name, setting }: LoadedTemplate): string {
  return `"${name}" => "${setting.destination ?? ''}"`
}

async function load(
  setting: TemplateSetting,
  surroundings: Omit<Surroundings, 'sandboxPath'>,
): Promise<LoadedTemplate> {
  const { source, sandboxPath } = setting
  const isFile = 'path' in source
  const name = isFile ? source.path : '(dynamic)'
  const program = createProgram(isFile ? await textOf(source.path) : source.contents, {
    name,
    leftDelimiter: setting.leftDelimiter,
    rightDelimiter: setting.rightDelimiter,
    isErrorOnMissingKey: setting.isErrorOnMissingKey,
    deniedFunctions: setting.deniedFunctions,
    surroundings: { ...surroundings, sandboxPath },
  })
  return { setting, name, program, owner: await findOwner(setting.user, setting.group) }
}

async function textOf(path: string): Promise<string> {
  try {
    return textOfBytes(await readFile(path))
  } catch (error) {
    throw fileFault('cannot read template', path, error)
  }
}

/** Removes what killed runs left beside the files of templates; while none is being written. */
export async function sweepDestinations(templates: readonly LoadedTemplate[]): Promise<void> {
  for (const { setting } of templates) {
    if (setting.destination === undefined) continue
    // A folder that is missing, no folder or closed has nothing to sweep; writing will say so.
    await sweepTemporaries(setting.destination).catch(() => undefined)
  }
}
