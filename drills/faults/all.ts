import type { Drill } from '../drill.ts'
import { powerOff } from './power-off.ts'

/** In the order of the table. */
export const drills: readonly Drill[] = [powerOff]
