import { askControl } from './control.ts'
import { runDemo } from './demo.ts'
import { Docker, dockerTarget } from './docker.ts'
import { DemoError } from './errors.ts'
import { controlSocket, demoFolder, readRecord } from './folder.ts'
import { removeImages } from './image.ts'
import { findDocker } from './place.ts'
import { takeAway } from './take-away.ts'

export type Command =
  | {
      readonly name: 'up'
      readonly web: number
      readonly port: number
      readonly processes: boolean
    }
  | { readonly name: 'scale'; readonly web: number }
  | { readonly name: 'down'; readonly all: boolean }

export type Surroundings = {
  readonly bundle: string
  readonly env: NodeJS.ProcessEnv
  readonly say: (text: string) => void
}

/** Runs one of the demo's commands. Errors with a `hint` are for the user; others are defects. */
export async function main(command: Command, { bundle, env, say }: Surroundings): Promise<void> {
  const folder = demoFolder(env)
  if (command.name === 'up') return runDemo({ ...command, folder, bundle, env, say })
  if (command.name === 'down') return down(folder, command.all, env, say)
  if (await askControl(controlSocket(folder), 'scale', { web: command.web }, say)) return
  const isLeft = readRecord(folder) !== undefined
  throw isLeft
    ? new DemoError('The demo was killed.', '`npm run demo -- down` takes away what it left.')
    : new DemoError('No demo is running.', '`npm run demo` starts one.')
}

async function down(
  folder: string,
  isWithImages: boolean,
  env: NodeJS.ProcessEnv,
  say: (text: string) => void,
): Promise<void> {
  const dockerHost = readRecord(folder)?.dockerHost
  if (await askControl(controlSocket(folder), 'down', {}, say)) say('the demo has ended')
  else if (await takeAway(folder, env)) say('took away what the demo had left')
  else say('no demo is running')
  if (!isWithImages) return
  for (const name of await imagesAway(dockerHost, env)) say(`removed the image ${name}`)
}

async function imagesAway(
  dockerHost: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<readonly string[]> {
  const target = dockerHost === undefined ? undefined : dockerTarget(dockerHost, env)
  if (target !== undefined) return removeImages(new Docker(target))
  const found = await findDocker(env)
  return 'why' in found ? [] : removeImages(found.docker)
}
