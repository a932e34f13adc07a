import { BlockList, isIP } from 'node:net'

/** Whether addresses lie in networks given in CIDR form; what is no such form holds nothing. */
export class Subnets {
  readonly #list = new BlockList()

  constructor(subnets: readonly string[]) {
    for (const subnet of subnets) {
      const [address = '', length = ''] = subnet.split('/')
      const family = isIP(address)
      if (family === 0 || !/^\d+$/.test(length)) continue
      this.#list.addSubnet(address, Number(length), family === 4 ? 'ipv4' : 'ipv6')
    }
  }

  has(address: string): boolean {
    const family = isIP(address)
    return family !== 0 && this.#list.check(address, family === 4 ? 'ipv4' : 'ipv6')
  }
}
