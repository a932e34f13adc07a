import type { ChildEnvironment, CommandLine } from './contract.ts'
import type { GivenEnvironment } from './shape.ts'

/**
 * A command as it was given. Several words in one text are a line for the shell; one word is a
 * program by itself; a list is a program with its arguments. Undefined: nothing to run.
 */
export function completeCommand(given: readonly string[] | undefined): CommandLine | undefined {
  const [first = '', ...others] = given ?? []
  if (others.length > 0) return { kind: 'arguments', arguments: [first, ...others] }
  const words = first.trim().split(/\s+/)
  if (words.length > 1) return { kind: 'shell', line: first }
  return words[0] === '' ? undefined : { kind: 'arguments', arguments: words }
}

/** Older names of lists are joined to the newer ones. */
export function completeEnvironment(given: GivenEnvironment | undefined): ChildEnvironment {
  return {
    isPristine: given?.pristine ?? false,
    allowed: [...(given?.allowlist ?? []), ...(given?.whitelist ?? [])],
    denied: [...(given?.denylist ?? []), ...(given?.blacklist ?? [])],
    custom: given?.custom ?? [],
  }
}
