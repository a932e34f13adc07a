declare const FAIRLEAD_VERSION: string | undefined

/** Put in by the build; `dev` when run from source. */
export const version: string = typeof FAIRLEAD_VERSION === 'string' ? FAIRLEAD_VERSION : 'dev'
