import { UsageError } from './locate.ts'

/** A generation's number as it is given on the command line. Throws UsageError. */
export function generationNumber(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new UsageError(`${text} is not the number of a generation`, '`fairlead history` lists them')
}
