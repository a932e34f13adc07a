// A process that starts a lab of one host, says its names, and waits until somebody ends it.
import { Lab } from '../lab.ts'

const lab = await Lab.start({ hosts: 1 })
const sleeper = lab.host(1).spawn('sleep', ['3600'])
await sleeper.started()
await lab.host(1).freeze()
console.log(JSON.stringify({ prefix: lab.prefix, folder: lab.folder, pids: lab.host(1).pids() }))
setInterval(() => {}, 60_000)
