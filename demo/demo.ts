import { createServer } from 'node:net'
import { askControl } from './control.ts'
import { DemoError } from './errors.ts'
import { controlSocket } from './folder.ts'
import { RunningDemo } from './running-demo.ts'
import type { DemoOptions } from './running-demo.ts'
import { takeAway } from './take-away.ts'

/**
 * Runs the demo from nothing to nothing: set up, serve until Ctrl-C or `down`, take away. Throws
 * DemoError when it cannot start or fairlead ends by itself; everything is taken away then, too.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { folder, say, env } = options
  if (await askControl(controlSocket(folder), 'hello', {}, say)) {
    throw new DemoError(
      'A demo is running already.',
      '`npm run demo -- scale N` changes it, `npm run demo -- down` ends it.',
    )
  }
  if (await takeAway(folder, env)) say('took away what an earlier demo had left')
  await checkPort(options.port)
  await new RunningDemo(options).run()
}

function checkPort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is in use by another program' : error.message
      const hint = `Take another port: npm run demo -- --port ${port + 1}`
      reject(new DemoError(`127.0.0.1:${port} ${why}.`, hint))
    })
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()))
  })
}
