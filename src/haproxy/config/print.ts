import type { Config, Line } from './parse.ts'

/** The text of a configuration, byte for byte as it was parsed. */
export function printConfig(config: Config): string {
  const sections = config.sections.map(({ header, lines }) => print([header, ...lines]))
  return print(config.preamble) + sections.join('')
}

function print(lines: readonly Line[]): string {
  return lines.map(({ text, ending }) => text + ending).join('')
}
