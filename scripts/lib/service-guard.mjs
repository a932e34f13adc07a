import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

// Debian starts a service when its package is installed, unless /usr/sbin/policy-rc.d answers 101
// (Debian policy 9.3.3.1 and invoke-rc.d(8)). Debian's own haproxy service would take ports and
// confuse; Docker is started by the scripts themselves where that is wanted, Consul and keepalived by
// each test.
const marker = '# Put here by fairlead while apt-get runs; it is taken away afterwards.'

function guardText(savedPath) {
  return `#!/bin/sh
${marker}
case " $* " in
  *" haproxy"*|*" docker"*|*" containerd"*|*" consul"*|*" keepalived"*) exit 101 ;;
esac
[ -x '${savedPath}' ] && exec '${savedPath}' "$@"
exit 0
`
}

/**
 * Keeps newly installed services from starting until the returned release is called.
 *
 * A policy that is already there is set aside, asked for every other service, and put back. The
 * release may be called any number of times and also runs when the process exits; what an earlier
 * run left behind after a `kill -9` is put right first.
 */
export function holdServices(path = '/usr/sbin/policy-rc.d') {
  const savedPath = `${path}.before-fairlead`
  restore(path, savedPath)
  if (existsSync(path)) renameSync(path, savedPath)
  const release = () => {
    process.off('exit', release)
    restore(path, savedPath)
  }
  process.on('exit', release)
  writeFileSync(path, guardText(savedPath))
  chmodSync(path, 0o755)
  return release
}

function restore(path, savedPath) {
  if (existsSync(path) && readFileSync(path, 'utf8').includes(marker)) rmSync(path)
  if (existsSync(savedPath) && !existsSync(path)) renameSync(savedPath, path)
}
