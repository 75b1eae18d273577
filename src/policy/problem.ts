/**
 * One thing that keeps a policy from loading. `line` and `column` count from 1; both are 0 where the problem is the file
 * or the directory as a whole.
 */
export interface PolicyProblem { file: string, line: number, column: number, message: string }

/** Where something stands. `line` and `column` count from 1; ngpilot's own presets stand in no file. */
export interface Place { file: string, line: number, column: number }

/** The steps from the top of a file to one of its values: keys of maps, indexes of lists. */
export type Path = (string | number)[]

/**
 * A problem inside one file, not yet placed: it is the key at the end of the path that is wrong, or its value, there from
 * character `offset` of the text on.
 */
export interface Finding { path: Path, at: 'key' | 'value', message: string, offset?: number }

export function problemText ({ file, line, column, message }: PolicyProblem): string {
  return line === 0 ? `${file}: ${message}` : `${file}:${line}:${column}: ${message}`
}

/** `profiles.browser.codecs[0]` */
export function pathText (path: Path): string {
  return path.map((step, index) => typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`).join('')
}

const longestShown = 80

/** What stands in the file, as a person would write it. */
export function shown (value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  const text = isRecord(value) ? 'a map' : JSON.stringify(value)
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}

export function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
