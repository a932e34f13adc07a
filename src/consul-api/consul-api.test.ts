import { describeConsulApi } from '../../test/support/consul-contract.ts'
import { serveConsulApi } from '../../test/support/consul-api-server.ts'

describeConsulApi('the embedded registry', serveConsulApi)
