import { one } from './definition.ts'
import type { Definition } from './definition.ts'
import type { Settings } from './settings.ts'
import * as values from './values.ts'

export const accessLog: Definition<Settings['accessLog']> = one({
  name: 'access-log',
  group: 'Log',
  placeholder: 'WHERE',
  help: 'where requests are logged: file (haproxy.log in the state folder), stdout or off',
  parser: values.choice('file', 'stdout', 'off'),
  standard: 'file',
})

export const logLevel: Definition<Settings['logLevel']> = one({
  name: 'log-level',
  group: 'Log',
  placeholder: 'LEVEL',
  help: 'least level that is logged: debug, info, warn or error',
  parser: values.choice('debug', 'info', 'warn', 'error'),
  standard: 'info',
})

export const logFormat: Definition<Settings['logFormat']> = one({
  name: 'log-format',
  group: 'Log',
  placeholder: 'FORMAT',
  help: 'pretty for people, json for programs',
  parser: values.choice('pretty', 'json'),
  computed: ({ isTerminal }) => (isTerminal ? 'pretty' : 'json'),
  shown: 'pretty on a terminal, else json',
})
