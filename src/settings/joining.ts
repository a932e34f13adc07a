import { list, one, optional } from './definition.ts'
import * as values from './values.ts'

/** Which networks HAProxy's container is attached to. */
export const joining = {
  haproxyContainer: optional({
    name: 'haproxy-container',
    group: 'Docker',
    placeholder: 'NAME|ID',
    help:
      "HAProxy's container (default: the one whose network fairlead shares, else the one with " +
      'the label fairlead.haproxy=NAME of this instance)',
    parser: values.word,
  }),
  joinNetworks: one({
    name: 'join-networks',
    group: 'Docker',
    placeholder: 'ON|OFF',
    help:
      "whether HAProxy's container is attached to the networks of containers that get requests, " +
      'and detached when the last one has gone: on or off',
    parser: values.choice('on', 'off'),
    standard: 'on',
  }),
  joinOnly: list({
    name: 'join-only',
    group: 'Docker',
    placeholder: 'NETWORK',
    help: 'network that may be joined, then no others; * stands for any part',
    item: values.word,
    standard: [],
  }),
  neverJoin: list({
    name: 'never-join',
    group: 'Docker',
    placeholder: 'NETWORK',
    help: 'network that is never joined; * stands for any part',
    item: values.word,
    standard: [],
  }),
}
