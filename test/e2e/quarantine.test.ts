import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { haproxyPrograms } from '../support/haproxies.ts'
import { Load } from './support/load.ts'
import { Stage } from './support/stage.ts'

let stage: Stage

beforeEach(async () => {
  stage = await Stage.open()
})

afterEach(() => stage.close())

/** HAProxy, but for one word that it finds fault with when it checks a text. */
async function fussyHaproxy(word: string): Promise<string> {
  // The oldest, which is reloaded for each new service, and so checks each.
  const real = haproxyPrograms()[0]?.path ?? 'haproxy'
  const path = join(stage.folder, 'haproxy')
  const script = [
    '#!/bin/sh',
    'case " $* " in *" -c "*)',
    '  for file; do :; done',
    `  line=$(grep -n '^backend .*${word}' "$file" | head -n 1 | cut -d: -f1)`,
    '  if [ -n "$line" ]; then',
    `    echo "[ALERT]    (1) : config : parsing [$file:$line] : it does not like ${word}." >&2`,
    '    exit 1',
    '  fi',
    'esac',
    `exec ${real} "$@"`,
  ]
  // Put there whole: a file that is being written cannot be run.
  await writeFile(`${path}.new`, `${script.join('\n')}\n`, { mode: 0o755 })
  await rename(`${path}.new`, path)
  return path
}

it('a container that HAProxy rejects is left out alone, with HAProxy’s words, and may come back', async () => {
  const [good, other, bad] = ['good', 'other', 'sour'].map((each) => stage.name(each)) as [
    string,
    string,
    string,
  ]
  await stage.startContainer({ service: good })
  const haproxy = await fussyHaproxy('sour')
  await stage.up('--haproxy', haproxy)
  await stage.untilServing(good, 1)
  const load = new Load({
    port: stage.port,
    perSecond: 50,
    host: `${good}.localhost`,
    service: good,
  })
  const rejected = await stage.startContainer({ service: bad })
  await stage.startContainer({ service: other })
  await stage.untilServing(other, 1)
  await stage.until(async () => {
    const { leftOut } = await stage.status()
    return leftOut.some((each) => each.name === rejected.name)
  }, 'it is left out')
  // What came last may wait for the next reload.
  await stage.until(async () => (await stage.status()).isApplied, 'the others are applied')
  const { problems, services } = await stage.status()
  expect(services.map(({ name }) => name).toSorted()).toEqual([good, other].toSorted())
  expect(problems).toContainEqual(
    expect.objectContaining({
      where: `container ${rejected.name}`,
      what: expect.stringContaining('it does not like sour') as string,
    }),
  )
  const explained = await stage.ask('explain', rejected.name)
  expect(explained.stdout).toContain('it does not like sour')

  // HAProxy thinks better of it, and the container is started anew.
  await fussyHaproxy('nothing')
  await stage.remove(rejected)
  await stage.startContainer({ service: bad })
  await stage.untilServing(bad, 1)
  expect((await load.stop()).failures).toEqual([])
})
