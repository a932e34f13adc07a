import { readdir, readFile, readlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { listListeners, socketInodes } from '../haproxy/process/listeners.ts'
import { isOfRootOrUs } from '../support/process-identity.ts'
import type { ProcessFacts } from './facts.ts'

type Seen = { readonly pid: number; readonly parent: number; readonly arguments: readonly string[] }

/** Every HAProxy on this machine that is no other's worker (proc(5)). */
export async function findProcesses(): Promise<ProcessFacts[]> {
  const seen: Seen[] = []
  for (const entry of await readdir('/proc').catch(() => [])) {
    const process = /^\d+$/.test(entry) ? await lookAt(Number(entry)) : undefined
    if (process !== undefined) seen.push(process)
  }
  const listeners = seen.length === 0 ? [] : await listListeners()
  const roots = seen.filter(({ parent }) => seen.every(({ pid }) => pid !== parent))
  return Promise.all(
    roots.map(async (root) => {
      const pids = [root, ...seen.filter(({ parent }) => parent === root.pid)].map(({ pid }) => pid)
      const inodes = new Set(pids.flatMap((pid) => [...socketInodes(pid)]))
      return {
        pid: root.pid,
        pids,
        arguments: root.arguments,
        listensOn: listeners.filter(({ inode }) => inodes.has(inode)),
        hardFiles: await hardFilesOf(root.pid),
      }
    }),
  )
}

/** The values of an option, such as the files after `-f`. */
export function valuesOf(words: readonly string[], option: string): string[] {
  return words.flatMap((word, index) => {
    const value = words[index + 1]
    return word === option && value !== undefined ? [value] : []
  })
}

/** A path of its command line, as its own working folder makes it. */
export async function pathOf(pid: number, path: string): Promise<string> {
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => '/')
  return resolve(folder, path)
}

/** Undefined for what is no HAProxy, or has ended meanwhile. */
async function lookAt(pid: number): Promise<Seen | undefined> {
  const read = (name: string): Promise<string> =>
    readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')
  const name = (await read('comm')).trim()
  if (!name.startsWith('haproxy')) return undefined
  const stat = await read('stat')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (stat === '' || fields[0] === 'Z') return undefined
  // What another user's process says of itself must not choose what is read or asked here.
  const words = isOfRootOrUs(pid) ? (await read('cmdline')).split('\0').slice(0, -1) : []
  return { pid, parent: Number(fields[1]), arguments: words }
}

async function hardFilesOf(pid: number): Promise<number | undefined> {
  const limits = await readFile(`/proc/${pid}/limits`, 'utf8').catch(() => '')
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1]
  return hard === undefined ? undefined : Number(hard)
}
