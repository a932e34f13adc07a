// Started as a process of its own by a test: starts HAProxy, says so, and waits to be killed.
import { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import type { HaproxyProcessOptions } from '../../src/haproxy/process/haproxy-process.ts'

const options = JSON.parse(process.argv[2] ?? '') as HaproxyProcessOptions
const haproxy = new HaproxyProcess(options)
await haproxy.start()
console.log(`${haproxy.masterPid} ${haproxy.workerPid}`)
setInterval(() => undefined, 60_000)
