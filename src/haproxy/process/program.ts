import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { isAtLeast } from '../capabilities.ts'
import { HaproxyError } from '../runtime/errors.ts'

/** The haproxy program that was found. */
export type HaproxyProgram = {
  /** Absolute: the master starts itself anew by it at each reload. */
  readonly path: string
  /** `2.6.12-1+deb12u4`. */
  readonly version: string
}

/**
 * Finds the haproxy program (a path, or a name on PATH and in the sbin folders) and asks its version.
 * Throws HaproxyError `haproxy_missing`, and `haproxy_too_old` before 2.6.
 */
export async function findHaproxy(nameOrPath: string): Promise<HaproxyProgram> {
  const path = await locate(nameOrPath)
  if (path === undefined) {
    throw new HaproxyError('haproxy_missing', `the haproxy program was not found (${nameOrPath})`, {
      hint: 'apt-get install haproxy, or name it with --haproxy PATH',
    })
  }
  const { output } = await run(path, ['-v'])
  const version = /^HA-?Proxy version (\S+)/im.exec(output)?.[1]
  if (version === undefined) {
    throw new HaproxyError(
      'haproxy_missing',
      `${path} is not HAProxy: it does not tell its version`,
      {
        hint: 'apt-get install haproxy, or name it with --haproxy PATH',
      },
    )
  }
  if (!isAtLeast(version, 2, 6)) {
    throw new HaproxyError(
      'haproxy_too_old',
      `${path} is HAProxy ${version}; 2.6 or newer is needed`,
      {
        hint: 'install a newer haproxy package, or name another program with --haproxy PATH',
      },
    )
  }
  return { path, version }
}

async function locate(nameOrPath: string): Promise<string | undefined> {
  const places = nameOrPath.includes('/')
    ? [isAbsolute(nameOrPath) ? nameOrPath : resolve(nameOrPath)]
    : [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin']
        .filter((folder) => folder !== '')
        .map((folder) => join(folder, nameOrPath))
  for (const place of places) {
    const isProgram = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isProgram) return place
  }
  return undefined
}

/** Runs a program to its end; code -1 when it could not be started or was killed. */
export function run(
  path: string,
  args: readonly string[],
): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    execFile(
      path,
      args,
      { env: reducedEnvironment(), maxBuffer: 16 * 1024 * 1024, timeout: 60_000 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        done({
          code,
          output: stdout + stderr + (code === -1 && error !== null ? error.message : ''),
        })
      },
    )
  })
}

/** HAProxy gets nothing of the caller's environment but where programs are and how to write times. */
export function reducedEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {}
  for (const name of ['PATH', 'TZ', 'LANG']) {
    const value = process.env[name]
    if (value !== undefined) environment[name] = value
  }
  return environment
}
