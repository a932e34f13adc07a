import { describeFileCommands } from '../../test/support/file-contract.ts'
import { describeHaproxyRunner } from '../../test/support/haproxy-contract.ts'
import { MemoryHaproxy } from './memory-control.ts'

describeHaproxyRunner('in memory', (lab) => new MemoryHaproxy(lab.options.configPath))
describeFileCommands('in memory', (lab) => new MemoryHaproxy(lab.options.configPath))
