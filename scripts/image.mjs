// `npm run image`: the images of fairlead and of the demo's web server, see deploy/Dockerfile. `npm run image -- --help`.

import { parseArgs } from 'node:util'
import { ensureNodeModules } from './lib/node-modules.mjs'
import { runMain, say } from './lib/progress.mjs'

const usage = `npm run image -- [--base NAME] [--tag NAME] [--docker-host URL]

  --base NAME         what the image is built on: an image's name (Debian, or one that has Node and
                      HAProxy), or debootstrap: made of Debian's packages on this machine, as root.
                      Default: one that was made here before, else debian:trixie-slim, else
                      debootstrap.
  --tag NAME          what the image is called (default: fairlead); the demo's has -demo behind it
  --docker-host URL   the daemon that gets it (default: DOCKER_HOST, else the local one)`

await runMain(async () => {
  const text = { type: 'string' }
  const options = { base: text, tag: text, 'docker-host': text, help: { type: 'boolean' } }
  const { values } = parseArgs({ options })
  if (values.help) return console.log(usage)
  await ensureNodeModules()
  const { ensureImage } = await import('./lib/image.mjs')
  const { base, tag = 'fairlead', 'docker-host': dockerHost } = values
  const { name, demo } = await ensureImage({ base, tag, dockerHost })
  say(`docker: ${tag} is ${name}, and its demo ${demo}`)
})
