/** Makes a backend, not yet published (management.txt §9.3, from HAProxy 3.4). */
export function addBackendCommand(name: string, from: string, mode: 'tcp' | undefined): string {
  return `add backend ${name} from ${from}${mode === undefined ? '' : ` mode ${mode}`}`
}

/** Lets rules choose a backend, or not any more. */
export function publishCommand(name: string, isPublished: boolean): string {
  return `${isPublished ? 'publish' : 'unpublish'} backend ${name}`
}

/** Deletes what was taken out of service: a server, by `backend/server`, or a backend. */
export function deleteCommand(key: string): string {
  return `del ${key.includes('/') ? 'server' : 'backend'} ${key}`
}
