import { describeFileCommands } from '../support/file-contract.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { describeHaproxyRunner } from '../support/haproxy-contract.ts'

for (const { line, path } of haproxyPrograms()) {
  describeHaproxyRunner(line, (lab) => lab.process(), path)
  describeFileCommands(line, (lab) => lab.process(), path)
}
