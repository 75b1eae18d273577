/** A string of flags in a script of Kamailio. `line` and `column` of where it begins, from 1 on. */
export interface ScriptFlags {
  /** The function that takes it, such as `rtpengine_manage`, and the line of the call: the string may stand elsewhere. */
  name: string
  calledAt: number
  line: number
  column: number
  text: string
  /** It has a second argument, so that Kamailio hands the string unread to rtpengine (6.0 and newer). */
  isVerbatim: boolean
  /** What stands around it, from the outside in: `route[MANAGE]`, `if ($proto == "ws")`. */
  within: string[]
}

export interface ScriptRead {
  flags: ScriptFlags[]
  /** Calls whose flags stand nowhere in the script, and why. */
  unread: { name: string, line: number, why: string }[]
  /** Files that it includes, as they are written. */
  includes: string[]
}

/** Whether a text is a configuration of Kamailio, as its first line or its statements tell. */
export function isKamailioScript (text: string): boolean {
  return /^#!(KAMAILIO|SER|MAXCOMPAT|ALL)\b/.test(text) || /^\s*(loadmodule\s+"|(request_)?route(\[\S+\])?\s*\{)/m.test(text)
}

/**
 * The flags strings of a script: what rtpengine_offer(), _answer() and _manage() are given, as a text, by a `#!define` or in
 * a variable that the script sets to a text. Every branch of `#!ifdef` counts.
 */
export function readScript (text: string): ScriptRead {
  const tokens = tokensOf(text)
  const positionOf = positionsIn(text)
  const names = namesIn(text, tokens)
  const read: ScriptRead = { flags: [], unread: [], includes: [] }
  const blocks = new Blocks(text)
  for (const [index, token] of tokens.entries()) {
    if (token.kind === 'include') read.includes.push(token.text)
    if (token.kind === 'mark') blocks.pass(token)
    if (token.kind !== 'word' || !takers.has(token.text) || tokens[index + 1]?.text !== '(') continue
    const { first, isVerbatim } = argumentsAt(tokens, index + 2)
    const { line } = positionOf(token.at)
    const within = blocks.around(token)
    const { texts, why } = textsOf(first, names, text)
    for (const one of texts) {
      read.flags.push({ name: token.text, calledAt: line, ...positionOf(one.at), text: one.text, isVerbatim, within })
    }
    if (why !== undefined) read.unread.push({ name: token.text, line, why })
  }
  return read
}

/** What stands around a place of a script: routes, and the conditions of `if` and `else`. */
class Blocks {
  readonly #text: string
  readonly #open: string[] = []
  #statement = 0
  /** The `if` that an `else` would belong to. */
  #condition = ''

  constructor (text: string) {
    this.#text = text
  }

  pass ({ text: mark, at, end }: Pick<Token, 'text' | 'at' | 'end'>): void {
    if (!'{};'.includes(mark)) return
    const head = this.#head(at)
    if (mark === '{') this.#open.push(head)
    else this.#condition = mark === '}' ? this.#open.pop() ?? '' : head
    this.#statement = end
  }

  around ({ at }: Pick<Token, 'at'>): string[] {
    return [...this.#open, this.#head(at)].filter((part) => part !== '')
  }

  /** The route or condition that a statement begins with. */
  #head (end: number): string {
    const line = written(this.#text.slice(this.#statement, end))
    // Statements outside of routes (loadmodule, modparam) end without a mark.
    const [, route] = /(?:^| )((?:\w+_)?route ?(?:\[[^\]]*\])?)$/.exec(line) ?? []
    if (route !== undefined) return route.trimEnd()
    const [, otherwise, word = ''] = /^(else\b\s*)?(if|switch|while)?/.exec(line) ?? []
    if (word === '') return otherwise === undefined ? '' : `else of ${this.#condition || 'an if'}`
    const condition = inParentheses(line)
    return condition === undefined ? '' : cut(`${otherwise === undefined ? '' : 'else '}${word} ${condition}`)
  }
}

/** The first parentheses of a text and what is in them; undefined when they are not closed. */
function inParentheses (text: string): string | undefined {
  const start = text.indexOf('(')
  let depth = 0
  for (let index = start; index >= 0 && index < text.length; index++) {
    if (text[index] === '(') depth++
    if (text[index] === ')' && --depth === 0) return text.slice(start, index + 1)
  }
  return undefined
}

const takers = new Set(['rtpengine_offer', 'rtpengine_answer', 'rtpengine_manage'])

interface Token { kind: 'word' | 'variable' | 'text' | 'mark' | 'include', text: string, at: number, end: number }

/** Comments, and directives but for `include_file`, left out. */
const pattern = new RegExp([
  /(?<comment>\/\*[^]*?(?:\*\/|$)|\/\/[^\n]*|#(?!!)[^\n]*)/,
  /(?<directive>[#!]!(?:[^\n\\]|\\[^])*)/,
  /(?<include>(?:include_file|import_file)\s+"[^"\n]*")/,
  /(?<text>"(?:[^"\\]|\\[^])*"|'[^']*')/,
  /(?<variable>\$[A-Za-z_]+(?:\([^()\n]*\))?)/,
  /(?<word>[A-Za-z_]\w*)/,
  /(?<mark>[^\s\w])/,
].map(({ source }) => source).join('|'), 'g')

function tokensOf (text: string): Token[] {
  return Array.from(text.matchAll(pattern)).flatMap(({ index: at, groups = {}, 0: all }): Token[] => {
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

interface Text { text: string, at: number }

/** What a name stands for; `isMore`: for something else than a text as well. */
interface Meaning { texts: Text[], isMore: boolean }
type Names = ReadonlyMap<string, Meaning>

/** `#!define NAME "…"`, and what variables are set to. */
function namesIn (text: string, tokens: readonly Token[]): Names {
  const names = new Map<string, Meaning>()
  const meaningOf = (name: string): Meaning => {
    const meaning = names.get(name) ?? { texts: [], isMore: false }
    names.set(name, meaning)
    return meaning
  }
  for (const match of text.matchAll(/^[#!]!(?:define|trydef|trydefine|redefine|def|redef)[ \t]+(\w+)[ \t]+("(?:[^"\\\n]|\\[^])*"|'[^'\n]*')/gm)) {
    const [all, name = '', quoted = ''] = match
    meaningOf(name).texts.push({ text: unquoted(quoted), at: match.index + all.length - quoted.length })
  }
  for (const [index, { kind, text: name }] of tokens.entries()) {
    const [equals, value, after] = tokens.slice(index + 1, index + 4)
    if (kind !== 'variable' || equals?.text !== '=' || value?.text === '=') continue
    const meaning = meaningOf(name)
    if (value?.kind === 'text' && after?.text === ';') meaning.texts.push({ text: value.text, at: value.at })
    else if (value?.text !== '$null') meaning.isMore = true
  }
  return names
}

/** The tokens of the first argument of a call, and whether there is a second one. */
function argumentsAt (tokens: readonly Token[], start: number): { first: Token[], isVerbatim: boolean } {
  const first: Token[] = []
  let depth = 0
  for (const token of tokens.slice(start, start + 200)) {
    const isMark = token.kind === 'mark'
    if (isMark && depth === 0 && token.text === ',') return { first, isVerbatim: true }
    if (isMark && token.text === ')' && depth-- === 0) break
    if (isMark && token.text === '(') depth++
    first.push(token)
  }
  return { first, isVerbatim: false }
}

/** The flags that an argument can be; `why` not all of them are known. */
function textsOf (argument: readonly Token[], names: Names, script: string): { texts: Text[], why?: string } {
  const [first, ...more] = argument
  const last = argument.at(-1)
  if (!first || !last) return { texts: [], why: 'has no flags: it asks rtpengine for nothing' }
  if (argument.every(({ kind }) => kind === 'text')) { // Texts that follow each other are one.
    const text = argument.map((each) => each.text).join('')
    const name = /^\s*(\$[A-Za-z_]+\([^()]*\))\s*$/.exec(text)?.[1]
    return name === undefined ? { texts: [{ text, at: first.at }] } : meant(name, names)
  }
  if (more.length > 0) return { texts: [], why: `its flags are put together: ${cut(script.slice(first.at, last.end))}` }
  return meant(first.text, names)
}

function meant (name: string, names: Names): ReturnType<typeof textsOf> {
  const { texts, isMore } = names.get(name) ?? { texts: [], isMore: false }
  if (isMore) return { texts, why: `the script sets ${name} to something else than a text` }
  if (texts.length > 0) return { texts }
  return { texts, why: name.startsWith('$') ? `the script never sets ${name} to a text` : `nothing in the script defines ${name} as a text` }
}

/** A piece of the script on one line, without comments and directives. */
function written (text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\/|(?:\/\/|#)[^\n]*/g, ' ').replaceAll(/\s+/g, ' ').trim()
}

const cut = (text: string): string => text.length > 100 ? `${text.slice(0, 99)}…` : text

function positionsIn (text: string): (at: number) => { line: number, column: number } {
  return (at) => {
    const start = text.lastIndexOf('\n', at - 1) + 1
    return { line: text.slice(0, start).split('\n').length, column: at - start + 1 }
  }
}
