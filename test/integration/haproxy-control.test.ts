import { describeHaproxyRunner } from '../support/haproxy-contract.ts'
import { haproxyPrograms } from '../support/haproxies.ts'

for (const { line, path } of haproxyPrograms()) {
  describeHaproxyRunner(line, (lab) => lab.process(), path)
}
