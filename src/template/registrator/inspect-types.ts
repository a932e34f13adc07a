/*
 * A container as Docker's API describes it (GET /containers/{id}/json), with the names that its
 * fields have in Go: `Id` is `.ID`, `HostIp` is `.HostIP`. Ports are plain strings, "80/tcp", so
 * that `index .NetworkSettings.Ports "80/tcp"` works.
 */
import {
  boolType,
  int64Type,
  intType,
  mapOf,
  pointerTo,
  sliceOf,
  stringMapType,
  stringSliceType,
  stringType,
} from '../go/types.ts'
import type { GoType, StructType } from '../go/types.ts'
import { timeType } from './go-time.ts'

/** A struct of fields by type, the names with spaces between them. */
function struct(name: string, ...fields: readonly (readonly [string, GoType])[]): StructType {
  const all = fields.flatMap(([names, type]) =>
    names.split(' ').map((name) => [name, type] as const),
  )
  return { kind: 'struct', name, fields: new Map(all) }
}

const strings = stringSliceType
const setType = mapOf(stringType, struct('struct {}'))

const portBindingType = struct('docker.PortBinding', ['HostIP HostPort', stringType])
const portsType = mapOf(stringType, sliceOf(portBindingType))

const mountType = struct(
  'docker.Mount',
  ['Name Source Destination Driver Mode', stringType],
  ['RW', boolType],
  ['Propagation Type', stringType],
)

const healthConfigType = struct(
  'docker.HealthConfig',
  ['Test', strings],
  ['Interval Timeout StartPeriod', int64Type],
  ['Retries', intType],
)

const configType = struct(
  'docker.Config',
  ['Hostname Domainname User', stringType],
  ['Memory MemorySwap MemoryReservation KernelMemory CPUShares', int64Type],
  ['CPUSet', stringType],
  ['PortSpecs', strings],
  ['ExposedPorts', setType],
  ['PublishService StopSignal', stringType],
  ['StopTimeout', intType],
  ['Env Cmd Shell', strings],
  ['Healthcheck', pointerTo(healthConfigType)],
  ['DNS', strings],
  ['Image', stringType],
  ['Volumes', setType],
  ['VolumeDriver WorkingDir MacAddress', stringType],
  ['Entrypoint SecurityOpts OnBuild', strings],
  ['Mounts', sliceOf(mountType)],
  ['Labels', stringMapType],
  ['AttachStdin AttachStdout AttachStderr ArgsEscaped Tty OpenStdin StdinOnce', boolType],
  ['NetworkDisabled', boolType],
  ['VolumesFrom', stringType],
)

const healthCheckType = struct(
  'docker.HealthCheck',
  ['Start End', timeType],
  ['ExitCode', intType],
  ['Output', stringType],
)

const healthType = struct(
  'docker.Health',
  ['Status', stringType],
  ['FailingStreak', intType],
  ['Log', sliceOf(healthCheckType)],
)

const stateType = struct(
  'docker.State',
  ['Status', stringType],
  ['Running Paused Restarting OOMKilled RemovalInProgress Dead', boolType],
  ['Pid ExitCode', intType],
  ['Error', stringType],
  ['StartedAt FinishedAt', timeType],
  ['Health', healthType],
)

const containerNetworkType = struct(
  'docker.ContainerNetwork',
  ['Aliases', strings],
  ['MacAddress', stringType],
  ['GlobalIPv6PrefixLen', intType],
  ['GlobalIPv6Address IPv6Gateway', stringType],
  ['IPPrefixLen', intType],
  ['IPAddress Gateway EndpointID NetworkID', stringType],
)

const networkSettingsType = struct(
  'docker.NetworkSettings',
  ['Networks', mapOf(stringType, containerNetworkType)],
  ['IPAddress', stringType],
  ['IPPrefixLen', intType],
  ['MacAddress Gateway Bridge', stringType],
  ['PortMapping', mapOf(stringType, stringMapType)],
  ['Ports', portsType],
  ['NetworkID EndpointID SandboxKey GlobalIPv6Address', stringType],
  ['GlobalIPv6PrefixLen', intType],
  ['IPv6Gateway LinkLocalIPv6Address', stringType],
  ['LinkLocalIPv6PrefixLen', intType],
  ['SecondaryIPAddresses SecondaryIPv6Addresses', strings],
)

const restartPolicyType = struct(
  'docker.RestartPolicy',
  ['Name', stringType],
  ['MaximumRetryCount', intType],
)

const logConfigType = struct('docker.LogConfig', ['Type', stringType], ['Config', stringMapType])

const deviceType = struct('docker.Device', [
  'PathOnHost PathInContainer CgroupPermissions',
  stringType,
])

const ulimitType = struct('docker.ULimit', ['Name', stringType], ['Soft Hard', int64Type])

const hostConfigType = struct(
  'docker.HostConfig',
  ['Binds CapAdd CapDrop Capabilities GroupAdd', strings],
  ['ContainerIDFile', stringType],
  ['PortBindings', portsType],
  ['Links DNS DNSOptions DNSSearch ExtraHosts VolumesFrom', strings],
  ['UsernsMode NetworkMode IpcMode Isolation PidMode UTSMode', stringType],
  ['RestartPolicy', restartPolicyType],
  ['Devices', sliceOf(deviceType)],
  ['LogConfig', logConfigType],
  ['SecurityOpt', strings],
  ['Cgroup CgroupParent', stringType],
  ['Memory MemoryReservation KernelMemory MemorySwap CPUShares', int64Type],
  ['CPUSet CPUSetCPUs CPUSetMEMs', stringType],
  ['CPUQuota CPUPeriod CPURealtimePeriod CPURealtimeRuntime NanoCPUs', int64Type],
  ['BlkioWeight', int64Type],
  ['Ulimits', sliceOf(ulimitType)],
  ['VolumeDriver', stringType],
  ['OomScoreAdj', intType],
  ['MemorySwappiness PidsLimit', pointerTo(int64Type)],
  ['OOMKillDisable', pointerTo(boolType)],
  ['ShmSize', int64Type],
  ['Tmpfs', stringMapType],
  ['Privileged PublishAllPorts ReadonlyRootfs AutoRemove', boolType],
  ['StorageOpt Sysctls', stringMapType],
  ['CPUCount CPUPercent IOMaximumBandwidth IOMaximumIOps', int64Type],
  ['Mounts', sliceOf(mountType)],
  ['Runtime', stringType],
  ['Init', pointerTo(boolType)],
)

const graphDriverType = struct('docker.GraphDriver', ['Name', stringType], ['Data', stringMapType])

const swarmNodeType = struct(
  'docker.SwarmNode',
  ['ID IP Addr Name', stringType],
  ['CPUs Memory', int64Type],
  ['Labels', stringMapType],
)

/** What `.` is in the `-tags` of registrator. */
export const containerType = struct(
  'docker.Container',
  ['ID', stringType],
  ['Created', timeType],
  ['Path', stringType],
  ['Args', strings],
  ['Config', pointerTo(configType)],
  ['State', stateType],
  ['Image', stringType],
  ['Node', pointerTo(swarmNodeType)],
  ['NetworkSettings', pointerTo(networkSettingsType)],
  ['SysInitPath ResolvConfPath HostnamePath HostsPath LogPath Name Driver', stringType],
  ['Mounts', sliceOf(mountType)],
  ['Volumes', stringMapType],
  ['VolumesRW', mapOf(stringType, boolType)],
  ['HostConfig', pointerTo(hostConfigType)],
  ['ExecIDs', strings],
  ['GraphDriver', pointerTo(graphDriverType)],
  ['RestartCount', intType],
  ['AppArmorProfile', stringType],
)
