/** What a program lists, one a line or with blanks between. */
export const words = (text: string): readonly string[] =>
  text.split(/\s+/).filter((word) => word !== '')
