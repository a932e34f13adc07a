import { statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import { isLoopback, overlaps } from './addresses.ts'
import type { SettingKey } from './schema.ts'
import type { Settings } from './settings.ts'
import { templateConflicts } from './template-conflicts.ts'

/**
 * The path of a unix socket has at most 107 bytes (unix(7)), and HAProxy binds under a longer,
 * temporary name first: what is left of them for the folder.
 */
const longestFolderBytes = 75

/** Values that are right each on its own but not together, or not on this machine. */
export function findConflicts(
  settings: Settings,
  whereOf: (key: SettingKey) => string,
  isGiven: (key: SettingKey) => boolean,
): readonly Problem[] {
  return [
    ...overlappingAddresses(settings, whereOf),
    ...openAdmin(settings, whereOf),
    ...tokenFile(settings, whereOf),
    ...longFolder(settings, whereOf),
    ...filtersWithoutConsul(settings, whereOf),
    ...configWithoutSocket(settings, whereOf),
    ...swarmWithoutManager(settings, whereOf),
    ...templateConflicts(settings, whereOf, isGiven),
  ]
}

type WhereOf = (key: SettingKey) => string

function overlappingAddresses({ http, admin }: Settings, whereOf: WhereOf): Problem[] {
  const problems: Problem[] = []
  http.forEach((address, index) => {
    const other = http.slice(0, index).find((earlier) => overlaps(earlier, address))
    if (other === undefined || other === address) return
    problems.push({ where: whereOf('http'), what: `${other} already covers ${address}`, hint: '' })
  })
  const taken = admin === undefined ? undefined : http.find((address) => overlaps(address, admin))
  if (taken !== undefined) {
    const what = `HAProxy serves ${taken}, so the admin API cannot have ${admin}`
    problems.push({ where: whereOf('admin'), what, hint: 'choose another --admin address' })
  }
  return problems
}

function openAdmin({ admin, adminTokenFile }: Settings, whereOf: WhereOf): Problem[] {
  if (admin === undefined || isLoopback(admin) || adminTokenFile !== undefined) return []
  const what = `${admin} can be reached by others, so the admin API needs a token`
  const hint = 'add --admin-token-file FILE; a file that is missing is made'
  return [{ where: whereOf('admin'), what, hint }]
}

function tokenFile({ adminTokenFile }: Settings, whereOf: WhereOf): Problem[] {
  if (adminTokenFile === undefined) return []
  const where = whereOf('adminTokenFile')
  const found = look(adminTokenFile)
  if (found === undefined) return []
  if (typeof found === 'string') return [{ where, what: found, hint: '' }]
  if (!found.isFile()) return [{ where, what: `${adminTokenFile} is not a file`, hint: '' }]
  if ((found.mode & 0o077) === 0) return []
  const what = `${adminTokenFile} can be read by others`
  return [{ where, what, hint: `run: chmod 600 ${adminTokenFile}` }]
}

/** What stands there, undefined for nothing, or in words why that cannot be known. */
function look(path: string): Stats | string | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    return `cannot look at the file: ${messageOf(error)}`
  }
}

function longFolder({ stateFolder }: Settings, whereOf: WhereOf): Problem[] {
  const length = Buffer.byteLength(stateFolder)
  if (length <= longestFolderBytes) return []
  const what = `${stateFolder} has ${length} bytes, but sockets in it allow for ${longestFolderBytes}`
  return [{ where: whereOf('stateFolder'), what, hint: 'choose a shorter --state-folder' }]
}

function filtersWithoutConsul(settings: Settings, whereOf: WhereOf): Problem[] {
  if (settings.registry !== undefined) return []
  return (['services', 'tags'] as const)
    .filter((key) => settings[key].length > 0)
    .map((key) => ({
      where: whereOf(key),
      what: 'chooses among services of Consul, and the registry is the embedded one',
      hint: 'add --registry consul://HOST:PORT',
    }))
}

function configWithoutSocket(settings: Settings, whereOf: WhereOf): Problem[] {
  if (settings.haproxyConfig === undefined || settings.haproxySocket !== undefined) return []
  const what = "says what somebody else's HAProxy loads, and fairlead starts its own"
  return [{ where: whereOf('haproxyConfig'), what, hint: 'add --haproxy-socket PATH' }]
}

function swarmWithoutManager({ swarm, docker, registry }: Settings, whereOf: WhereOf): Problem[] {
  if (!swarm) return []
  const where = whereOf('swarm')
  if (registry !== undefined) {
    const what = 'fills the embedded registry, and the registry is Consul'
    const hint = 'run fairlead registrator on every node, and leave --swarm out here'
    return [{ where, what, hint }]
  }
  if (docker.length > 0) return []
  const what = 'needs the Docker daemon of a manager, and there is none'
  return [{ where, what, hint: 'name one with --docker' }]
}
