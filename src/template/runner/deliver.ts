import { bytesOfText, textOfBytes } from '../go/byte-text.ts'
import type { CommandLine } from '../config/contract.ts'
import { RunnerError } from './errors.ts'
import { shownTemplate, type LoadedTemplate } from './load-templates.ts'
import type { Log } from './log.ts'
import { serverLoss } from './server-guard.ts'
import { isSame, readLive, replaceFile, type LiveFile } from './write-file.ts'

export type DeliveryOptions = {
  readonly isDry: boolean
  /** Standard output, byte for byte. */
  out(bytes: Uint8Array): void
  readonly log: Log
  /** Runs the check of a new file; resolves to why it failed. */
  check(template: LoadedTemplate, command: CommandLine): Promise<string | undefined>
}

/** A check or limit kept the file that is there, if `hasFile`. */
export type Refusal = { readonly kind: 'refused'; readonly why: string; readonly hasFile: boolean }

/** `same`: the file was so already; `shown`: what a dry run would have written. */
export type Delivery = { readonly kind: 'written' | 'same' | 'shown' } | Refusal

/**
 * Brings a template's file to its rendering. Throws a RunnerError where it cannot be written; the
 * old file is whole then.
 */
export async function deliver(
  template: LoadedTemplate,
  text: string,
  options: DeliveryOptions,
): Promise<Delivery> {
  const { destination } = template.setting
  const bytes = bytesOfText(text)
  const live = destination === undefined ? undefined : await readLive(destination)
  if (isSame(live, bytes, template.owner)) return { kind: 'same' }
  if (options.isDry) {
    options.out(Buffer.concat([Buffer.from(`> ${destination ?? ''}\n`), bytes]))
    return { kind: 'shown' }
  }
  if (destination === undefined) throw new RunnerError(`${template.name}: missing destination`)
  return write(template, { destination, text, bytes, live }, options)
}

async function write(
  template: LoadedTemplate,
  next: {
    readonly destination: string
    readonly text: string
    readonly bytes: Uint8Array
    readonly live: LiveFile | undefined
  },
  given: DeliveryOptions,
): Promise<Delivery> {
  const { setting, owner } = template
  const { destination, text, bytes, live } = next
  const refused = (why: string): Delivery => {
    const kept = live === undefined ? 'not written' : 'the old file stays'
    given.log.warn('runner', `${shownTemplate(template)}: ${why}: ${kept}`)
    return { kind: 'refused', why, hasFile: live !== undefined }
  }
  const loss = serverLoss(live && textOfBytes(live.bytes), text, setting)
  if (loss !== undefined) return refused(loss)
  let failure: string | undefined
  const options = {
    createsFolders: setting.createsFolders,
    permissions: setting.permissions,
    owner,
    hasBackup: setting.hasBackup,
  }
  const isWritten = await replaceFile(destination, bytes, live, options, async (newPath) => {
    if (setting.checkCommand === undefined) return true
    failure = await given.check(template, withPath(setting.checkCommand, newPath))
    return failure === undefined
  })
  if (!isWritten) return refused(`check: ${failure ?? 'given up'}`)
  given.log.info('runner', `rendered ${shownTemplate(template)}`)
  return { kind: 'written' }
}

/** `{}` is the path; in a shell's line in quotes. */
function withPath(command: CommandLine, path: string): CommandLine {
  if (command.kind === 'shell') {
    const quoted = `'${path.replaceAll("'", String.raw`'\''`)}'`
    return { kind: 'shell', line: command.line.replaceAll('{}', () => quoted) }
  }
  const given = command.arguments.map((argument) => argument.replaceAll('{}', () => path))
  return { kind: 'arguments', arguments: given }
}
