import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { Duplex } from 'node:stream'
import type { Readable, Writable } from 'node:stream'
import { DockerError } from './docker-error.ts'

/**
 * One connection to a Docker daemon through `ssh HOST docker system dial-stdio`, as the docker
 * command makes it. Ends with the ssh process; destroying it ends the process.
 */
export class SshConnection extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  #said = ''

  constructor(url: URL) {
    super()
    this.#child = spawn('ssh', sshArguments(url), { stdio: ['pipe', 'pipe', 'pipe'] })
    const { stdin, stdout, stderr } = this.#child
    stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause()
    })
    stderr.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString('utf8')).slice(-500)
    })
    // A broken pipe says less than the end of the process, which follows and is reported.
    stdin.on('error', () => undefined)
    this.#child.on('error', (error) => this.destroy(error))
    this.#child.on('close', (code) => {
      if (code === 0 || code === null) this.push(null)
      else this.destroy(this.#failure(code))
    })
  }

  #failure(code: number): DockerError {
    const said = this.#said.trim().replaceAll(/\s*\n\s*/g, ' ')
    return new DockerError(`ssh ended with code ${code}${said === '' ? '' : `: ${said}`}`)
  }

  override _read(): void {
    this.#child.stdout.resume()
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    this.#child.stdin.write(chunk, (error) => {
      if (!error) done()
    })
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#child.stdin.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.kill('SIGTERM')
    done(error)
  }

  // What node:http asks of a socket; a pipe has nothing of the kind. (ServerAlive* below stands in
  // for TCP keep-alive.)
  setKeepAlive(): this {
    return this
  }
  setNoDelay(): this {
    return this
  }
  setTimeout(): this {
    return this
  }
  ref(): this {
    this.#child.ref()
    return this
  }
  unref(): this {
    this.#child.unref()
    return this
  }
}

function sshArguments(url: URL): string[] {
  const port = url.port === '' ? [] : ['-p', url.port]
  const user = url.username === '' ? [] : ['-l', decodeURIComponent(url.username)]
  const options = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', '-o', 'ServerAliveInterval=3']
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return [...options, ...user, ...port, '--', host, 'docker', 'system', 'dial-stdio']
}
