// Started as a process of its own by bench/apply.ts: how long the first parse of a file takes, with
// nothing compiled yet. Prints milliseconds.

import { readFileSync } from 'node:fs'
import { parseConfig } from '../src/haproxy/config/parse.ts'

const text = readFileSync(process.argv[2] ?? '', 'utf8')
const before = performance.now()
const { sections } = parseConfig(text)
const ms = performance.now() - before
if (sections.length === 0) throw new Error('nothing was parsed')
console.log(ms)
