import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FairleadError, messageOf } from './model/errors.ts'
import type { Settings } from './settings/settings.ts'
import type { TemplateSetting } from './settings/settings.ts'
import type { Surroundings } from './template/contract.ts'
import { locatedMessage } from './template/desired/located-message.ts'
import type { TemplateSet } from './template/desired/template-router.ts'
import { textOfBytes } from './template/go/byte-text.ts'
import { createProgram } from './template/render/program.ts'
import type { Program } from './template/render/program.ts'
import { TemplateError } from './template/template-error.ts'

/** A template's file cannot be read, or its folder not be made. Code `setting_invalid`. */
export class TemplateFileError extends FairleadError {}

type TemplateSettings = Pick<Settings, 'templates' | 'leftDelimiter' | 'rightDelimiter'>

/**
 * The template that is the configuration: the one without a path; else the one that is rendered to
 * the file HAProxy loads, else the first. Undefined without templates.
 */
export function configTemplate(
  templates: readonly TemplateSetting[],
  managedPath: string,
): TemplateSetting | undefined {
  return (
    templates.find(({ path }) => path === undefined) ??
    templates.find(({ path }) => path === managedPath) ??
    templates[0]
  )
}

/** Reads all templates. Throws TemplateFileError, and TemplateError `template_syntax`. */
export async function readTemplates(
  settings: TemplateSettings,
  managedPath: string,
): Promise<TemplateSet> {
  const main = configTemplate(settings.templates, managedPath)
  if (main === undefined) throw new FairleadError('internal', 'there is no template')
  const files = new Map<string, Program>()
  for (const each of settings.templates) {
    if (each === main || each.path === undefined) continue
    await makeFolder(each.path)
    files.set(each.path, await readProgram(each.source, settings))
  }
  return { config: await readProgram(main.source, settings), files }
}

async function readProgram(path: string, settings: TemplateSettings): Promise<Program> {
  const { leftDelimiter, rightDelimiter } = settings
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new TemplateFileError(
      'setting_invalid',
      `cannot read the template: ${messageOf(error)}`,
      {
        cause: error,
      },
    )
  })
  try {
    return createProgram(textOfBytes(bytes), {
      name: path,
      leftDelimiter,
      rightDelimiter,
      surroundings,
    })
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    throw new TemplateError('template_syntax', locatedMessage(error.message), { cause: error })
  }
}

/** They are evaluated at any time and as often as is useful, so they may have no effects. */
const surroundings: Surroundings = {
  environment: (name) => process.env[name],
  now: () => new Date(),
  workingFolder: process.cwd(),
  sandboxPath: undefined,
  hasEffects: false,
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw new TemplateFileError(
      'setting_invalid',
      `cannot make the folder of ${path}: ${messageOf(error)}`,
      { cause: error },
    )
  })
}
