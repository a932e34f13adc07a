import { foundHaproxies } from '../support/haproxies.ts'
import { describeHaproxyRunner } from '../support/haproxy-contract.ts'
import { attachedIn, signalCommand } from '../support/supervised-haproxy.ts'

for (const { line, path } of foundHaproxies()) {
  describeHaproxyRunner(`${line} attached by its master's socket`, (lab) => attachedIn(lab), path)

  describeHaproxyRunner(
    `${line} attached by its stats socket, with a command that reloads it`,
    (lab) =>
      attachedIn(lab, { socket: lab.options.workerSocket, reloadCommand: signalCommand(lab) }),
    path,
  )
}
