import { describeHaproxyRunner } from '../../test/support/haproxy-contract.ts'
import { MemoryHaproxy } from './memory-control.ts'

describeHaproxyRunner('in memory', (lab) => new MemoryHaproxy(lab.options.configPath))
