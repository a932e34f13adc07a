import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Registration, RegistrationBackend } from '../../src/registration/backend.ts'

/** A back end that lists, with ways to look behind it and to do what others do. */
export type OpenedBackend = {
  readonly backend: RegistrationBackend
  checkState(checkId: string): Promise<{ status: string; output: string } | undefined>
  maintainByHand(id: string, reason: string): Promise<void>
  close(): Promise<void> | void
}

const { signal } = new AbortController()

/** An id with everything that has a meaning in a URL or an expression. */
const strangeId = 'a/b c?#%2F"\\ü:80:udp'

/** What every back end with a list does. Start it empty. */
export function registrationContract(name: string, open: () => Promise<OpenedBackend>): void {
  describe(`registration with ${name}`, () => {
    let opened: OpenedBackend
    let backend: RegistrationBackend

    beforeAll(async () => {
      opened = await open()
      backend = opened.backend
    })
    afterAll(() => opened.close())

    const listed = async (id: string) => (await backend.list(signal, true))?.get(id)
    const registration = (values: Partial<Registration> = {}): Registration => ({
      ID: 'web:80',
      Name: 'web',
      Address: '10.0.0.1',
      Port: 80,
      Tags: ['b', 'a', ' c '],
      Meta: { region: 'us2', empty: '' },
      Check: null,
      Checks: null,
      ...values,
    })
    const ttl = (CheckID?: string, Status = 'passing') => ({
      TTL: '1h',
      Status,
      ...(CheckID === undefined ? {} : { CheckID }),
    })

    it('names the leader', async () => {
      expect(await backend.ping(signal)).not.toBe('')
    })

    it('lists what was registered, field by field', async () => {
      await backend.register(registration({ EnableTagOverride: true }), signal)
      expect(await listed('web:80')).toEqual({
        id: 'web:80',
        name: 'web',
        address: '10.0.0.1',
        port: 80,
        tags: ['b', 'a', ' c '],
        meta: { region: 'us2', empty: '' },
        enableTagOverride: true,
        maintenance: '',
      })
    })

    it('lists what was left out as empty', async () => {
      await backend.register({ ID: 'bare', Name: 'bare', Check: null }, signal)
      expect(await listed('bare')).toMatchObject({ address: '', port: 0, tags: [], meta: {} })
    })

    it('replaces what has the same id', async () => {
      await backend.register(registration({ Name: 'other', Port: 81, Tags: ['x'] }), signal)
      expect(await listed('web:80')).toMatchObject({ name: 'other', port: 81, tags: ['x'] })
    })

    it('takes ids of all characters', async () => {
      const check = ttl(`docker-health:${strangeId}`)
      await backend.register(registration({ ID: strangeId, Check: check }), signal)
      await backend.setMaintenance(strangeId, true, 'fairlead: x', signal)
      expect(await listed(strangeId)).toMatchObject({ maintenance: 'fairlead: x' })
      await backend.setMaintenance(strangeId, false, '', signal)
      expect(await listed(strangeId)).toMatchObject({ maintenance: '' })
      await backend.updateCheck(check.CheckID ?? '', 'warning', 'é', signal)
      await backend.removeOldChecks(registration({ ID: strangeId }), signal)
      expect(await opened.checkState(check.CheckID ?? '')).toBeUndefined()
      await backend.deregister({ ID: strangeId, Name: 'web' }, signal)
      expect(await listed(strangeId)).toBeUndefined()
    })

    it('deregisters, and does not mind what is not there', async () => {
      await backend.register(registration(), signal)
      await backend.deregister({ ID: 'web:80', Name: 'web' }, signal)
      await backend.deregister({ ID: 'web:80', Name: 'web' }, signal)
      expect(await listed('web:80')).toBeUndefined()
    })

    it('refuses meta that Consul does not take, and keeps what was there', async () => {
      await backend.register(registration({ Port: 1 }), signal)
      const bad = registration({ Meta: { 'a.b': '1' }, Port: 2 })
      await expect(backend.register(bad, signal)).rejects.toMatchObject({ code: 'consul_refused' })
      expect(await listed('web:80')).toMatchObject({ port: 1 })
    })

    it('keeps the state of a check when its service is registered again', async () => {
      const check = ttl('docker-health:web:80')
      await backend.register(registration({ Check: check }), signal)
      await backend.updateCheck('docker-health:web:80', 'critical', 'exit 1', signal)
      await backend.register(registration({ Check: check, Port: 3 }), signal)
      const state = await opened.checkState('docker-health:web:80')
      expect(state).toEqual({ status: 'critical', output: 'exit 1' })
    })

    it('refuses to update a check that is not there', async () => {
      await expect(
        backend.updateCheck('docker-health:none', 'passing', '', signal),
      ).rejects.toMatchObject({ code: 'consul_refused' })
    })

    it('ends checks of an earlier registration only when asked, and no others', async () => {
      const first = registration({ ID: 'c', Checks: [ttl(), ttl(), ttl('docker-health:c')] })
      await backend.register(first, signal)
      await backend.register(registration({ ID: 'd', Check: ttl() }), signal)
      const second = registration({ ID: 'c', Check: ttl() })
      await backend.register(second, signal)
      await backend.setMaintenance('c', true, 'fairlead: x', signal)
      expect(await opened.checkState('service:c:2')).toBeDefined()
      await backend.removeOldChecks(second, signal)
      const ids = ['service:c', 'service:d', 'service:c:1', 'service:c:2', 'docker-health:c']
      const states = await Promise.all(ids.map((id) => opened.checkState(id)))
      const isThere = states.map((state) => state !== undefined)
      expect(isThere).toEqual([true, true, false, false, false])
      expect(await listed('c')).toMatchObject({ maintenance: 'fairlead: x' })
    })

    it('does not end what somebody else put into maintenance', async () => {
      await backend.register(registration(), signal)
      await opened.maintainByHand('web:80', 'by hand')
      await backend.setMaintenance('web:80', true, 'fairlead: x', signal)
      await backend.setMaintenance('web:80', false, '', signal)
      expect(await listed('web:80')).toMatchObject({ maintenance: 'by hand' })
    })

    it('refuses maintenance of a service that is not there', async () => {
      await expect(backend.setMaintenance('none', true, 'x', signal)).rejects.toMatchObject({
        code: 'consul_refused',
      })
    })
  })
}
