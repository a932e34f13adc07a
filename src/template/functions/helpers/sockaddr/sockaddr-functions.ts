import { variadicFunction } from '../../../go/functions.ts'
import { stringType } from '../../../go/types.ts'
import type { FunctionMaker } from '../../function-set.ts'
import { readHost } from './host-addresses.ts'
import { sockaddrText } from './sockaddr-template.ts'

/** `sockaddr`: addresses of this machine. */
export const sockaddrFunctions: FunctionMaker = () => ({
  sockaddr: variadicFunction([], stringType, (...words) =>
    sockaddrText(words.join(' '), readHost()),
  ),
})
