import { callFailure } from '../go/failure.ts'
import { variadicReflectedFunction } from '../go/functions.ts'
import type { FunctionSet } from './function-set.ts'

/** Functions for Vault, Nomad and Consul Enterprise, and for looking into the original's memory. */
const names = [
  'secret',
  'secrets',
  'pkiCert',
  'pkiSign',
  'nomadService',
  'nomadServices',
  'nomadVar',
  'nomadVarExists',
  'nomadVarList',
  'nomadVarListSafe',
  'exportedServices',
  'importedServices',
  'partitions',
  'peerings',
  'caRoots',
  'caLeaf',
  'spew_dump',
  'spew_printf',
  'spew_sdump',
  'spew_sprintf',
]

/** consul-template's functions that fairlead does not have: they parse, and fail when called. */
export const unsupportedFunctions: FunctionSet = Object.fromEntries(
  names.map((name) => [
    name,
    variadicReflectedFunction(0, () => {
      throw callFailure(`${name} is not supported by fairlead`)
    }),
  ]),
)
