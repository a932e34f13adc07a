import { messageOf } from '../../../model/errors.ts'
import { callFailure } from '../../go/failure.ts'
import { goFunction } from '../../go/functions.ts'
import { anyMapType, anyType, stringType } from '../../go/types.ts'
import type { MapType } from '../../go/types.ts'
import { goMap } from '../../go/values.ts'
import type { GoFunction, GoMap, Value } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'
import { jsonText } from './json-text.ts'
import { parseJson } from './parse-json.ts'
import { parseYaml } from './parse-yaml.ts'
import { tomlText } from './toml-text.ts'
import { yamlText } from './yaml-text.ts'

/** A text as a function's result, without the space around it; what fails is told with its name. */
function written(name: string, write: () => string): string {
  try {
    return write().trim()
  } catch (error) {
    throw callFailure(`${name}: ${messageOf(error)}`, error)
  }
}

const parsing = (parse: (text: string) => Value): GoFunction =>
  goFunction([stringType], (text) => (text === '' ? goMap(anyMapType, []) : parse(text)))

const writing = (name: string, write: (value: Value) => string): GoFunction =>
  goFunction([anyType], (value) => written(name, () => write(value)))

/** consul-template's functions that read and write JSON, YAML and TOML. */
export const formatFunctions: FunctionSet = {
  parseJSON: parsing(parseJson),
  parseYAML: parsing(parseYaml),
  toJSON: writing('toJSON', (value) => jsonText(value, { isSafeInHtml: true })),
  toJSONPretty: writing('toJSONPretty', (value) =>
    jsonText(value, { isSafeInHtml: true, isPretty: true }),
  ),
  toUnescapedJSON: writing('toUnescapedJSON', (value) => jsonText(value, {})),
  toUnescapedJSONPretty: writing('toUnescapedJSONPretty', (value) =>
    jsonText(value, { isPretty: true }),
  ),
  toYAML: writing('toYAML', yamlText),
  toTOML: goFunction([anyMapType as MapType<GoMap>], (map) =>
    written('toTOML', () => tomlText(map)),
  ),
}
