import { nearestWord } from '../nearest-word.ts'

/** What `parseArgs` has against arguments, in a line, and the option that a mistyped one stands for. */
export function optionMistake (error: unknown, options: object): string {
  const message = (error as Error).message.split('. ', 1).join()
  const [, typed] = /^Unknown option '--([^']+)'/.exec(message) ?? []
  const nearest = typed === undefined ? undefined : nearestWord(typed, Object.keys(options))
  return nearest === undefined ? message : `${message}; did you mean --${nearest}?`
}
