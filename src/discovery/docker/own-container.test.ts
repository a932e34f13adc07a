import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ownContainerIds } from './own-container.ts'

const id = 'ab'.repeat(32)

it('finds the container that it runs in, and no other whose folder it only sees', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-own-'))
  const path = join(folder, 'mountinfo')
  await writeFile(
    path,
    [
      '611 600 0:52 / / rw,relatime - overlay overlay rw',
      `620 611 254:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/vda rw`,
      `621 611 254:1 /var/lib/docker/containers/${'cd'.repeat(32)}/x /mnt/x rw - ext4 /dev/vda rw`,
    ].join('\n'),
  )
  expect([...(await ownContainerIds(path))]).toEqual([id])
  await rm(folder, { recursive: true })
})

it('finds none where there is no such file', async () => {
  expect((await ownContainerIds('/nowhere/mountinfo')).size).toBe(0)
})
