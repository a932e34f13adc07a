import { describe, expect, it } from 'vitest'
import { formattedTime } from './go-layout.ts'

const morning = new Date('2009-02-04T05:00:57.012Z')
const evening = new Date('2021-11-23T21:09:08.000Z')

describe('a time in a layout', () => {
  it.each([
    ['2006-01-02T15:04:05Z07:00', '2009-02-04T05:00:57Z', '2021-11-23T21:09:08Z'],
    ['Mon Jan _2 15:04:05 2006', 'Wed Feb  4 05:00:57 2009', 'Tue Nov 23 21:09:08 2021'],
    [
      'Monday, 02-Jan-06 15:04:05 MST',
      'Wednesday, 04-Feb-09 05:00:57 UTC',
      'Tuesday, 23-Nov-21 21:09:08 UTC',
    ],
    [
      'Mon, 02 Jan 2006 15:04:05 -0700',
      'Wed, 04 Feb 2009 05:00:57 +0000',
      'Tue, 23 Nov 2021 21:09:08 +0000',
    ],
    ['3:04PM 03pm 3PMx', '5:00AM 05am 5AMx', '9:09PM 09pm 9PMx'],
    ['Jan _2 15:04:05.000000', 'Feb  4 05:00:57.012000', 'Nov 23 21:09:08.000000'],
    ['05.999999999 05,999|05.00', '57.012 57,012|57.01', '08 08|08.00'],
    ['January 1/2/06 4:5', 'February 2/4/09 0:57', 'November 11/23/21 9:8'],
    ['002 __2 _2006', '035  35 _2009', '327 327 _2021'],
    [
      '-07 -07:00 -070000 -07:00:00 Z0700 Z07',
      '+00 +00:00 +000000 +00:00:00 Z Z',
      '+00 +00:00 +000000 +00:00:00 Z Z',
    ],
    [
      'Monthly Janus May .0001 07 é',
      'Monthly Janus May .0002 07 é',
      'Monthly Janus May .0011 07 é',
    ],
    ['', '', ''],
  ])('%s', (layout, ofMorning, ofEvening) => {
    expect(formattedTime(morning, layout)).toBe(ofMorning)
    expect(formattedTime(evening, layout)).toBe(ofEvening)
  })
})
