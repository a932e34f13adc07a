import { parseHcl } from './hcl-parser.ts'
import { parseJsonConfig } from './json-parser.ts'
import type { ConfigNode, Source } from './syntax.ts'

/** Parses a configuration: JSON when its first character is `{`, else HCL, version 1. */
export function parseConfig({ name, text }: Source): ConfigNode {
  const source = { name, text: text.replace(/^\uFEFF/, '') }
  return /^\s*\{/.test(text) ? parseJsonConfig(source) : parseHcl(source)
}
