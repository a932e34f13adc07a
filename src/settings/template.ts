import { resolve } from 'node:path'
import { list, one } from './definition.ts'
import type { Definition } from './definition.ts'
import type { TemplateSetting } from './settings.ts'
import { reads } from './values.ts'
import type { ValueParser } from './values.ts'

/** `SRC` or `SRC:PATH`. A third part, consul-template's command, is refused: nothing has to be run. */
const templateSource: ValueParser<TemplateSetting> = reads(
  'a template as SRC or SRC:PATH (no command: fairlead applies what is rendered itself)',
  (text) => {
    // oxlint-disable-next-line no-control-regex -- a path with a line feed is never meant
    if (/[\x00-\x1f\x7f]/.test(text)) return undefined
    const [source = '', path, ...more] = text.split(':')
    if (source === '' || path === '' || more.length > 0) return undefined
    return { source, path }
  },
)

/** What opens or closes an action: anything without blanks. */
const delimiter: ValueParser<string> = reads('a delimiter without spaces', (text) =>
  /^[\x21-\x7e]{1,16}$/.test(text) ? text : undefined,
)

/** `--template`: what stands in place of built-in routing. */
export const templates: Definition<readonly TemplateSetting[]> = list({
  name: 'template',
  group: 'Template',
  placeholder: 'SRC[:PATH]',
  help:
    'consul-template template that gives the whole configuration, in place of built-in routing; ' +
    'further ones, each with its PATH, give files that the configuration names',
  item: templateSource,
  standard: [],
})

export const leftDelimiter: Definition<string> = one({
  name: 'left-delimiter',
  group: 'Template',
  placeholder: 'TEXT',
  help: 'what opens an action in templates',
  parser: delimiter,
  standard: '{{',
})

export const rightDelimiter: Definition<string> = one({
  name: 'right-delimiter',
  group: 'Template',
  placeholder: 'TEXT',
  help: 'what closes an action in templates',
  parser: delimiter,
  standard: '}}',
})

/** The same with both paths counted from a folder. */
export function templatesIn(
  templates: readonly TemplateSetting[],
  folder: string,
): readonly TemplateSetting[] {
  return templates.map(({ source, path }) => ({
    source: resolve(folder, source),
    path: path === undefined ? undefined : resolve(folder, path),
  }))
}
