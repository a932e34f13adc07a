import { flagsText } from '../../support/go-flags.ts'
import { version } from '../../version.ts'
import { shownFlags } from './flags.ts'

/** The release of consul-template whose behaviour is kept to. */
const keptVersion = '0.42.1'

/** In the form that scripts around consul-template look for. */
export function versionText(): string {
  return `consul-template v${keptVersion} (fairlead ${version})\n`
}

export function usageText(): string {
  return `Usage: consul-template [options]

  Renders templates of consul-template to files, and anew whenever Consul says
  something else, until it is interrupted; with -once just one time. What the
  original does not have are -after-command, -once-timeout, -snapshot and
  -sigterm.

Options:

${flagsText(shownFlags)}`
}
