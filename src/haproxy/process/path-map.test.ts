import { describe, expect, it } from 'vitest'
import { pathHere, pathThere } from './path-map.ts'

describe('paths of a HAProxy that sees its folders elsewhere', () => {
  const pairs = [
    { theirs: '/etc/haproxy', ours: '/srv/lb/config' },
    { theirs: '/etc/haproxy/maps/', ours: '/srv/maps' },
  ]

  it.each([
    ['/etc/haproxy/haproxy.cfg', '/srv/lb/config/haproxy.cfg'],
    ['/etc/haproxy/maps/hosts.map', '/srv/maps/hosts.map'],
    ['/etc/haproxy', '/srv/lb/config'],
    ['/etc/haproxy2/x', '/etc/haproxy2/x'],
    ['/run/x.sock', '/run/x.sock'],
    ['relative/x', 'relative/x'],
  ])('%s is %s here', (theirs, ours) => {
    expect(pathHere(theirs, pairs)).toBe(ours)
    expect(pathThere(ours, pairs)).toBe(theirs)
  })
})
