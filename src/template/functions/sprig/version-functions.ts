import { callFailure } from '../../go/failure.ts'
import { goFunction } from '../../go/functions.ts'
import { pointerTo, stringType, uint64Type } from '../../go/types.ts'
import type { GoType, StructType } from '../../go/types.ts'
import { structOf } from '../../go/values.ts'
import type { GoFunction, Pointer } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'
import { parseVersion, versionText } from './semver.ts'
import type { Version } from './semver.ts'
import { satisfies } from './version-constraints.ts'

const versionType: StructType = {
  kind: 'struct',
  name: 'semver.Version',
  fields: new Map<string, GoType>([['Original', stringType]]),
}
const pointerType = pointerTo(versionType)

function wantedVersion(text: string): Version {
  const version = parseVersion(text)
  if (version === undefined) throw callFailure('Invalid Semantic Version')
  return version
}

/** What a version can be asked for, as `.Major` and so on. */
function methodsOf(version: Version): ReadonlyMap<string, GoFunction> {
  const text = (value: string) => goFunction([], () => value)
  const whole = (value: bigint) =>
    goFunction([], () => ({ kind: 'integer', type: uint64Type, value }))
  const [major, minor, patch] = version.numbers
  return new Map([
    ['Major', whole(major)],
    ['Minor', whole(minor)],
    ['Patch', whole(patch)],
    ['Prerelease', text(version.prerelease)],
    ['Metadata', text(version.metadata)],
    ['Original', text(version.original)],
    ['String', text(versionText(version))],
  ])
}

function versionValue(version: Version): Pointer {
  const struct = {
    ...structOf(versionType, { Original: version.original }),
    text: versionText(version),
    methods: methodsOf(version),
  }
  return { kind: 'pointer', type: pointerType, target: struct }
}

/** Versions by Semantic Versioning. */
export const versionFunctions: FunctionSet = {
  semver: goFunction([stringType], (text) => versionValue(wantedVersion(text))),
  semverCompare: goFunction([stringType, stringType], (constraint, text) =>
    satisfies(constraint, wantedVersion(text)),
  ),
}
