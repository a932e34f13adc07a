import { completeCommand, completeEnvironment } from './commands.ts'
import type { TemplateSetting } from './contract.ts'
import { ConfigMistake } from './mistake.ts'
import type { GivenConfig, GivenTemplate } from './shape.ts'
import { completeWait } from './wait.ts'

const defaultTimeoutMs = 30_000

/** A template with all defaults. Throws a ConfigMistake. */
export function completeTemplate(given: GivenTemplate, whole: GivenConfig): TemplateSetting {
  const { exec, default_delimiters: delimiters } = { ...whole, exec: given.exec }
  const hasCommand = exec?.enabled ?? true
  return {
    source: sourceOf(given),
    destination: given.destination || undefined,
    createsFolders: given.create_dest_dirs ?? true,
    command: hasCommand ? completeCommand(exec?.command ?? given.command) : undefined,
    commandTimeoutMs: exec?.timeout ?? given.command_timeout ?? defaultTimeoutMs,
    commandEnvironment: completeEnvironment(exec?.env),
    checkCommand: completeCommand(given.check_command),
    permissions: given.perms === 0 ? undefined : given.perms,
    user: given.user || numberText(given.uid),
    group: given.group || numberText(given.gid),
    hasBackup: given.backup ?? false,
    isErrorOnMissingKey: given.error_on_missing_key ?? false,
    isErrorFatal: given.error_fatal ?? whole.template_error_fatal ?? true,
    leftDelimiter: given.left_delimiter || delimiters?.left || '{{',
    rightDelimiter: given.right_delimiter || delimiters?.right || '}}',
    // With -once nothing is waited for.
    wait: whole.once === true ? undefined : completeWait(given.wait),
    deniedFunctions: [...(given.function_denylist ?? []), ...(given.function_blacklist ?? [])],
    sandboxPath: given.sandbox_path || undefined,
    leastServers: given.min_servers ?? 0,
    largestDrop: given.max_drop ?? 1,
  }
}

/** An empty text is as if it were not given. */
function sourceOf({ source, contents }: GivenTemplate): TemplateSetting['source'] {
  const [hasSource, hasContents] = [(source ?? '') !== '', (contents ?? '') !== '']
  if (hasSource && hasContents) {
    throw new ConfigMistake("template: cannot specify both 'source' and 'contents'", 14)
  }
  if (hasSource) return { path: source ?? '' }
  if (hasContents) return { contents: contents ?? '' }
  throw new ConfigMistake("template: must specify exactly one of 'source' or 'contents'", 14)
}

function numberText(id: number | undefined): string | undefined {
  return id === undefined ? undefined : String(id)
}
