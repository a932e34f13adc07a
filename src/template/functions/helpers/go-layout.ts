/*
 * Times in the layouts of Go's package time: an example of how the reference time, Mon Jan 2
 * 15:04:05 MST 2006, is to be written.
 */

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

const dayMs = 86_400_000

const padded = (value: number, length = 2, filler = '0'): string =>
  String(value).padStart(length, filler)

const dayOfYear = (time: Date): number =>
  Math.floor((time.getTime() - Date.UTC(time.getUTCFullYear(), 0, 1)) / dayMs) + 1

const hourOfTwelve = (time: Date): number => time.getUTCHours() % 12 || 12

type Element = (time: Date) => string

const dayName: Element = (time) => days[time.getUTCDay()] ?? ''
const monthName: Element = (time) => months[time.getUTCMonth()] ?? ''

/** What layouts have for the parts of a time. Of several that fit at a place the longest counts. */
const elements: Readonly<Record<string, Element>> = {
  January: monthName,
  Jan: (time) => monthName(time).slice(0, 3),
  Monday: dayName,
  Mon: (time) => dayName(time).slice(0, 3),
  MST: () => 'UTC',
  '01': (time) => padded(time.getUTCMonth() + 1),
  '002': (time) => padded(dayOfYear(time), 3),
  '02': (time) => padded(time.getUTCDate()),
  '03': (time) => padded(hourOfTwelve(time)),
  '04': (time) => padded(time.getUTCMinutes()),
  '05': (time) => padded(time.getUTCSeconds()),
  '06': (time) => padded(time.getUTCFullYear() % 100),
  '15': (time) => padded(time.getUTCHours()),
  '1': (time) => String(time.getUTCMonth() + 1),
  '2006': (time) => padded(time.getUTCFullYear(), 4),
  '2': (time) => String(time.getUTCDate()),
  // Not the day, but an underscore before the year.
  _2006: (time) => `_${padded(time.getUTCFullYear(), 4)}`,
  _2: (time) => padded(time.getUTCDate(), 2, ' '),
  __2: (time) => padded(dayOfYear(time), 3, ' '),
  '3': (time) => String(hourOfTwelve(time)),
  '4': (time) => String(time.getUTCMinutes()),
  '5': (time) => String(time.getUTCSeconds()),
  PM: (time) => (time.getUTCHours() >= 12 ? 'PM' : 'AM'),
  pm: (time) => (time.getUTCHours() >= 12 ? 'pm' : 'am'),
  '-07:00:00': () => '+00:00:00',
  '-070000': () => '+000000',
  '-07:00': () => '+00:00',
  '-0700': () => '+0000',
  '-07': () => '+00',
  'Z07:00:00': () => 'Z',
  Z070000: () => 'Z',
  'Z07:00': () => 'Z',
  Z0700: () => 'Z',
  Z07: () => 'Z',
}

/** The short names are words only where no small letter follows: `Monthly` is none. */
const sources = Object.keys(elements)
  .toSorted((a, b) => b.length - a.length)
  .map((name) => (name === 'Jan' || name === 'Mon' ? `${name}(?![a-z])` : name))

/** Digits of seconds behind a point or comma; those of nines without zeros at the end. */
const fractionSource = String.raw`[.,](?:0+|9+)(?!\d)`

const elementSyntax = new RegExp([...sources, fractionSource].join('|'), 'g')

function fractionOf(element: string, time: Date): string {
  const nanoseconds = `${padded(time.getUTCMilliseconds(), 3)}000000`
  const digits = nanoseconds.slice(0, element.length - 1).padEnd(element.length - 1, '0')
  if (element[1] === '0') return element.charAt(0) + digits
  const shown = digits.replace(/0+$/, '')
  return shown === '' ? '' : element.charAt(0) + shown
}

/** A time, in UTC, as a layout has it. */
export function formattedTime(time: Date, layout: string): string {
  return layout.replaceAll(
    elementSyntax,
    (element) => elements[element]?.(time) ?? fractionOf(element, time),
  )
}
