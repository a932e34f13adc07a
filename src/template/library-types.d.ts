/*
 * The types of the library `fairlead/template`. They import nothing: this file is shipped as
 * dist/template.d.ts.
 */

/**
 * A template that cannot be parsed (`template_syntax`) or whose execution stopped
 * (`template_failed`). The message is worded as Go's text/template words it, with the template's
 * name, line and, when executing, the byte column.
 */
export declare class TemplateError extends Error {
  readonly code: 'template_syntax' | 'template_failed'
  readonly hint: string
}

/** How much one execution may do and make; sizes in bytes. */
export type Limits = {
  /** Statements, iterations and calls; those that work on much count more. 50 million. */
  readonly steps: number
  /** Of the output. 64 MiB. */
  readonly outputBytes: number
  /** Of one text that a function makes. 16 MiB. */
  readonly textBytes: number
  /** Of all that functions make. 256 MiB. */
  readonly madeBytes: number
  /** How many templates may be called inside each other. 100,000. */
  readonly depth: number
}

/** A function for templates; what it throws is an error of the template. */
export type TemplateFunction = (...args: never[]) => unknown

export type TemplateOptions = {
  /** Stands in error messages. */
  readonly name?: string
  /** What opens and closes an action: `{{` and `}}`. */
  readonly leftDelimiter?: string
  readonly rightDelimiter?: string
  /** What a key gives that a map does not have: nothing (the first two), nil, or an error. */
  readonly missingKey?: 'default' | 'invalid' | 'zero' | 'error'
  /** By the names that they have in the template. They may replace Go's own. */
  readonly functions?: Readonly<Record<string, TemplateFunction>>
  /** Those not given are the default ones. */
  readonly limits?: Partial<Limits>
}

/** A parsed template, which can be executed any number of times. */
export type Template = {
  readonly name: string
  /**
   * The output for a value, which is `.` in the template. Throws a TemplateError with code
   * `template_failed`.
   */
  readonly execute: (data?: unknown) => string
}

/**
 * Parses a text as Go's text/template does. Throws a TemplateError with code `template_syntax`.
 *
 * In the data whole numbers (`Number.isSafeInteger`, but not -0) and bigints are Go's `int`, other
 * numbers `float64`. Arrays are `[]interface {}`, plain objects and Maps `map[string]interface {}`,
 * a Map with numbers or booleans as keys has those as keys, a Uint8Array is a `[]byte`. An instance
 * of a class is a struct `main.CLASS`: its own fields are fields, of which no other may be named,
 * and methods and getters of the class are methods. Functions can be called with `call`. Null and
 * undefined are nil. Other objects, such as dates, are an error, and so is what contains itself.
 *
 * Functions get what came from the data as the objects that they are there, integers as numbers (as
 * bigints, if they are too large), lists as arrays, maps as objects or, if the keys are no texts,
 * Maps. What they give is converted as data is.
 */
export declare function parseTemplate(text: string, options?: TemplateOptions): Template
