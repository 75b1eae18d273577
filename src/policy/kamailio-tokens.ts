/** A piece of a script of Kamailio. `text`: of a text what is within its quotes, of an include the file. */
export interface Token { kind: 'word' | 'variable' | 'text' | 'mark' | 'include', text: string, at: number, end: number }

/** A variable as it stands in scripts and texts, with one pair of parentheses within: `$var(flags)`, `$(avp(x){s.rm, })`. */
export const variable = /\$(?:[A-Za-z_]+(?:\([^()\n]*\))?|\((?:[^()\n]|\([^()\n]*\))*\))/

/** Comments, and directives but for `include_file`, left out. */
const pattern = new RegExp([
  /(?<comment>\/\*[^]*?(?:\*\/|$)|\/\/[^\n]*|#(?!!)[^\n]*)/,
  /(?<directive>[#!]!(?:[^\n\\]|\\[^])*)/,
  /(?<include>(?:include_file|import_file)\s+"[^"\n]*")/,
  /(?<text>"(?:[^"\\]|\\[^])*"|'[^']*')/,
  new RegExp(`(?<variable>${variable.source})`),
  /(?<word>[A-Za-z_]\w*)/,
  /(?<mark>[^\s\w])/,
].map(({ source }) => source).join('|'), 'g')

/** The tokens of a script, or of a piece of one that begins at `offset`. */
export function tokensOf (text: string, offset = 0): Token[] {
  return Array.from(text.matchAll(pattern)).flatMap(({ index, groups = {}, 0: all }): Token[] => {
    const at = offset + index
    const end = at + all.length
    const kind = (['include', 'text', 'variable', 'word', 'mark'] as const).find((name) => groups[name] !== undefined)
    if (kind === undefined) return []
    if (kind === 'include') return [{ kind, text: all.slice(all.indexOf('"') + 1, -1), at, end }]
    return [{ kind, text: kind === 'text' ? unquoted(all) : all, at, end }]
  })
}

/** Within double quotes a backslash says something of what follows it; single ones hold the text as it is. */
function unquoted (quoted: string): string {
  const inside = quoted.slice(1, -1)
  if (quoted.startsWith('\'')) return inside
  return inside.replaceAll(/\\([^])/g, (_, letter: string) => ({ n: '\n', r: '\r', t: '\t' })[letter] ?? letter)
}
