import { describe, expect, it } from 'vitest'
import { splitAtTransactions, Transactions } from './transactions.ts'

/** What is sent for the commands when HAProxy answers so, and what the one who asked is told. */
function run(exchanges: readonly (readonly [command: string, reply: string])[]): {
  sent: string[]
  told: string[]
} {
  const transactions = new Transactions()
  const [sent, told]: [string[], string[]] = [[], []]
  for (const [command, reply] of exchanges) {
    sent.push(transactions.next(command))
    told.push(transactions.got(command, reply))
  }
  return { sent, told }
}

describe('Transactions', () => {
  it('fill in the version that HAProxy has made, each its own', () => {
    const { sent } = run([
      ['prepare map /m', '[6]: New version created: 7'],
      ['add map @? /m <<\na @? /m\n', ''],
      ['commit map @? /m', ''],
      ['prepare acl /a', '[6]: New version created: 1'],
      ['add acl @? /a x', ''],
      ['commit acl @? /a', ''],
    ])
    expect(sent).toEqual([
      'prepare map /m',
      'add map @7 /m <<\na @? /m\n',
      'commit map @7 /m',
      'prepare acl /a',
      'add acl @1 /a x',
      'commit acl @1 /a',
    ])
  })

  it('drop what was begun once anything was refused, and say so', () => {
    const { sent, told } = run([
      ['prepare map /m', '[6]: New version created: 2'],
      ['add map @? /m <<\na\n', "[3]: Missing value for key 'a'."],
      ['commit map @? /m', ''],
      ['set ssl cert /c <<\nx\n', '[5]: Transaction created for certificate /c!'],
      ['commit ssl cert /c', "[5]: Transaction aborted for certificate '/c'!"],
    ])
    expect(sent.filter((command) => !command.startsWith('add'))).toEqual([
      'prepare map /m',
      'clear map @2 /m',
      'set ssl cert /c <<\nx\n',
      'abort ssl cert /c',
    ])
    expect(told[2]).toContain('[3]: Not committed')
    expect(told[4]).toContain('[3]: Not committed')
  })

  it('know a dropped commit by itself, whatever is sent along with it', () => {
    const transactions = new Transactions()
    transactions.got('add map @1 /m <<\na\n', "[3]: Missing value for key 'a'.")
    expect(transactions.next('commit map @1 /m')).toBe('clear map @1 /m')
    expect(transactions.next('show info')).toBe('show info')
    expect(transactions.got('commit map @1 /m', '')).toContain('[3]: Not committed')
    expect(transactions.got('show info', 'Name: HAProxy')).toBe('Name: HAProxy')
  })

  it('are sent in pieces, each after the replies it depends on', () => {
    const commands = ['a', 'prepare map /m', 'add map @? /m x y', 'commit map @? /m', 'b']
    expect(splitAtTransactions(commands)).toEqual([
      ['a', 'prepare map /m'],
      ['add map @? /m x y'],
      ['commit map @? /m', 'b'],
    ])
  })
})
