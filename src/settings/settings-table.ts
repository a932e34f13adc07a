import { definitions, settingKeys, variableOf } from './schema.ts'

/** The table of all settings in docs/cli.md, as Markdown; written from the schema, one row a setting. */
export function settingsTable(): string {
  const rows = settingKeys.map((key) => {
    const { name, kind, placeholder, help, shownDefault } = definitions[key]
    const flag = kind === 'switch' ? `--${name}` : `--${name} ${placeholder}`
    const repeatable = kind === 'list' ? ' (repeatable)' : ''
    const cells = [`\`${flag}\``, `\`${variableOf(name)}\``, `${help}${repeatable}`, shownDefault]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  const head = ['| Flag | Variable | What it says | Default |', '| --- | --- | --- | --- |']
  return [...head, ...rows].join('\n')
}
