/** How words are set apart in a terminal; in a pipe they are left as they are. */
export interface Style {
  bold: (text: string) => string
  dim: (text: string) => string
  red: (text: string) => string
  yellow: (text: string) => string
  green: (text: string) => string
  cyan: (text: string) => string
}

/** @see https://no-color.org */
export function styleFor (isTerminal: boolean, env: NodeJS.ProcessEnv): Style {
  const isColoured = isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  const sgr = (on: number, off: number) => (text: string) => isColoured ? `\x1b[${on}m${text}\x1b[${off}m` : text
  return { bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39), yellow: sgr(33, 39), green: sgr(32, 39), cyan: sgr(36, 39) }
}
