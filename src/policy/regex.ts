import { RE2JS, RE2JSException } from 're2js'

/** Most characters of a pattern; repetition is unrolled, so short patterns keep programs small too. */
const longest = 500

/** A pattern of RE2: no look-around and no back-references, so that a match costs no more than the text is long. */
export interface Pattern {
  test: (text: string) => boolean
  /** A text with what matches, first or each time, as `by` has it: `\\1` is the first group. */
  replaced: (text: string, by: string, isEach: boolean) => string
}

/** @returns the pattern, or in words why it is none */
export function compilePattern (source: string): Pattern | string {
  if (source.length > longest) return `the pattern has more than ${longest} characters`
  try {
    const compiled = RE2JS.compile(source)
    return {
      test: (text) => compiled.test(text),
      replaced (text, by, isEach) {
        const matcher = compiled.matcher(text)
        const replacement = by.replaceAll(/\\(\d)|[\\$]/g, (all, group?: string) => group === undefined ? `\\${all}` : `$${group}`)
        return isEach ? matcher.replaceAll(replacement) : matcher.replaceFirst(replacement)
      },
    }
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    const [what = ''] = error.message.split('\n', 1)
    const isLooking = /^\(?\?[=!<]|\\[1-9]/.test(source) || /\(\?(?:[=!]|<[=!])|\\[1-9]/.test(source)
    return `not a pattern of RE2: ${what}${isLooking ? '; look-around and back-references are not there, as their cost has no bound' : ''}`
  }
}
