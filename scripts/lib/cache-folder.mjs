import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** The project's folder `name` below the user's cache folder: an absolute path. */
export function cacheFolder(name) {
  const given = process.env.XDG_CACHE_HOME ?? ''
  return join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'fairlead', name)
}
