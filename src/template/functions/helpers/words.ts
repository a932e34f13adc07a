/** What a character is for the division of a text into words (UAX 29). */
type Kind = 'letter' | 'other part' | 'inner' | 'between'

/** Inside a word only between letters: `'`, `.`, `:` and their kin. */
const inner =
  /^['.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a]$/u
/** Of these each character is a word. */
const apart = /^[\p{Ideographic}\p{Script=Hiragana}]$/u
const letter = /^[\p{Alphabetic}\p{M}]$/u
const otherPart = /^[\p{Nd}\p{Pc}\p{Cf}]$/u

function kindOf(character: string): Kind {
  if (apart.test(character)) return 'between'
  if (letter.test(character)) return 'letter'
  if (otherPart.test(character)) return 'other part'
  return inner.test(character) ? 'inner' : 'between'
}

const isCased = (character: string): boolean => /^\p{Cased}$/u.test(character)

/**
 * Calls back with where the first letter with a case of each word stands, in UTF-16 units. Words
 * are divided as Unicode says: `o'neil` and `mc.donald` are one each.
 */
export function eachWordLetter(
  text: string,
  found: (letter: string, position: number) => void,
): void {
  const known = new Map<string, readonly [Kind, boolean]>()
  let position = 0
  let isBehindLetter = false
  let isBehindInner = false
  let isSought = true
  for (const character of text) {
    let facts = known.get(character)
    if (facts === undefined) {
      facts = [kindOf(character), isCased(character)]
      known.set(character, facts)
    }
    const [kind, hasCase] = facts
    const isInner = kind === 'inner' && isBehindLetter
    const isBetween = kind === 'between' || (kind === 'inner' && !isBehindLetter)
    // What was inside a word is so no more when no letter follows.
    if (isBetween || (isBehindInner && kind !== 'letter')) isSought = true
    if (isSought && hasCase) {
      found(character, position)
      isSought = false
    }
    isBehindLetter = kind === 'letter'
    isBehindInner = isInner
    position += character.length
  }
}
