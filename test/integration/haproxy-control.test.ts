import { describeHaproxyRunner } from '../support/haproxy-contract.ts'

describeHaproxyRunner('the real one', (lab) => lab.process())
