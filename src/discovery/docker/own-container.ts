import { readFile } from 'node:fs/promises'

/**
 * The container that this process itself runs in, so that fairlead never offers itself; empty on a
 * plain host. Docker mounts hostname, hosts and resolv.conf into each container from a folder named
 * by its id (proc_pid_mountinfo(5), fourth field).
 */
export async function ownContainerIds(
  mountInfoPath = '/proc/self/mountinfo',
): Promise<ReadonlySet<string>> {
  const text = await readFile(mountInfoPath, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const ids = new Set<string>()
  for (const line of text.split('\n')) {
    const [, , , root = '', mountPoint = ''] = line.split(' ')
    const id = /\/containers\/([0-9a-f]{64})\//.exec(root)?.[1]
    if (id !== undefined && mountPoint.startsWith('/etc/')) ids.add(id)
  }
  return ids
}
