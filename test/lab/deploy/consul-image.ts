import { execFileSync } from 'node:child_process'
import { file, importImage } from '../../../demo/image.ts'
import { must } from '../command.ts'
import type { Lab } from '../lab.ts'

/** What the image is called. */
export const consulImage = 'lab/consul:latest'

/**
 * Makes an image of this machine's Consul on all hosts, since the lab reaches no registry. It takes
 * the arguments of the official one. Throws CommandFailed where there is no consul.
 */
export async function importConsul(lab: Lab): Promise<void> {
  const program = (await must('sh', ['-c', 'command -v consul'])).trim()
  const files = [program, ...librariesOf(program)].map((path) =>
    file(path === program ? 'bin/consul' : path.slice(1), 0o755, path),
  )
  const changes = ['ENTRYPOINT ["/bin/consul"]', 'ENV PATH=/bin', 'EXPOSE 8500']
  const [name = '', tag = ''] = consulImage.split(':')
  await lab.each((host) => importImage(host.dockerApi, { name, tag, changes, files }))
}

// ldd(1) fails for a static program, which has none.
function librariesOf(program: string): readonly string[] {
  try {
    const output = execFileSync('ldd', [program], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return output.match(/(?<=^\t|=> )\/\S+/gm) ?? []
  } catch (error) {
    if (error instanceof Error && 'status' in error && typeof error.status === 'number') return []
    throw error
  }
}
