import { consulOptions } from '../../consul/address.ts'
import { ConsulClient } from '../../consul/client.ts'
import type { ConsulSetting } from '../config/contract.ts'

/** A client of the Consul that is set. Throws FairleadError `setting_invalid`. */
export function openConsul({ address, token, auth, ssl }: ConsulSetting): ConsulClient {
  const options = consulOptions(undefined, {
    CONSUL_HTTP_ADDR: address,
    CONSUL_HTTP_TOKEN: token,
    CONSUL_HTTP_AUTH: auth,
    CONSUL_HTTP_SSL: String(ssl.isEnabled),
    CONSUL_HTTP_SSL_VERIFY: String(ssl.isVerified),
    CONSUL_CACERT: ssl.caCert,
    CONSUL_CAPATH: ssl.caPath,
    CONSUL_CLIENT_CERT: ssl.cert,
    CONSUL_CLIENT_KEY: ssl.key,
    CONSUL_TLS_SERVER_NAME: ssl.serverName,
  })
  return new ConsulClient(options)
}
