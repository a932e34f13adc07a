import * as v from 'valibot'
import { reads } from './values.ts'

/**
 * The URI of a Consul, or `embedded`, which is undefined. The parts of the URI are read where it is
 * used; here only that it names a registry that can be read as well as written.
 */
export const registry: v.GenericSchema<string, string | undefined> = v.pipe(
  reads('embedded, or a URI such as consul://127.0.0.1:8500', (text): string | undefined =>
    text === 'embedded' || /^consul(-tls|-unix)?:\/\/\S*$/.test(text) ? text : undefined,
  ),
  v.transform((text) => (text === 'embedded' ? undefined : text)),
)
