import { callFailure } from '../../go/failure.ts'
import { variadicFunction } from '../../go/functions.ts'
import { anyType, stringType } from '../../go/types.ts'
import type { Value } from '../../go/values.ts'
import type { FunctionMaker } from '../function-set.ts'
import { formattedTime } from './go-layout.ts'

const wrongCount = (name: string, wanted: string, count: number) =>
  callFailure(`${name}: wrong number of arguments, expected ${wanted}, but got ${count}`)

const rfc3339 = '2006-01-02T15:04:05Z07:00'

/** The clock, and templates of the template as texts. */
export const executionBoundFunctions: FunctionMaker = ({ surroundings, execution }) => ({
  timestamp: variadicFunction([], stringType, (...layouts) => {
    const [layout = rfc3339] = layouts
    if (layouts.length > 1) throw wrongCount('timestamp', '0 or 1', layouts.length)
    const time = surroundings.now()
    if (layout === 'unix') return String(Math.floor(time.getTime() / 1000))
    return formattedTime(time, layout)
  }),
  executeTemplate: variadicFunction([stringType], anyType, (name, ...dots) => {
    if (dots.length > 1) throw wrongCount('executeTemplate', '1 or 2', dots.length + 1)
    const [dot = null] = dots as readonly Value[]
    return execution.execute(name, dot)
  }),
})
