import { Names, type Script } from './kamailio-names.ts'
import { tokensOf, type Token } from './kamailio-tokens.ts'

/** A string of flags in a script of Kamailio. `line` and `column` of where it begins, from 1 on. */
export interface ScriptFlags {
  /** The function that takes it, such as `rtpengine_manage`, and where it is called: the string may stand elsewhere. */
  name: string
  calledIn: string
  calledAt: number
  file: string
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
  unread: { name: string, file: string, line: number, why: string }[]
}

/** Whether a text is a configuration of Kamailio, as its first line or its statements tell. */
export function isKamailioScript (text: string): boolean {
  return /^#!(KAMAILIO|SER|MAXCOMPAT|ALL)\b/.test(text) || /^\s*(loadmodule\s+"|(request_)?route(\[\S+\])?\s*\{)/m.test(text)
}

/** Whether a text calls for flags, as a line of a script does that somebody has copied. */
export const callsForFlags = (text: string): boolean => /\brtpengine_(?:offer|answer|manage)\s*\(/.test(text)

/** Files that a script includes, as they are written. */
export function includesOf (text: string): string[] {
  return tokensOf(text).flatMap(({ kind, text: file }) => kind === 'include' ? [file] : [])
}

/**
 * The flags strings of scripts that include each other: what rtpengine_offer(), _answer() and _manage() are given: a text, a
 * name that `#!define` says, or a variable that a script sets to a text; `#!subst` counts too, and so does every branch of
 * `#!ifdef`.
 */
export function readScripts (scripts: readonly Script[]): ScriptRead {
  const names = new Names(scripts)
  const positions = new Map(scripts.map(({ file, text }) => [file, positionsIn(text)]))
  const read: ScriptRead = { flags: [], unread: [] }
  for (const { file, text } of scripts) {
    const tokens = tokensOf(text)
    const blocks = new Blocks(text)
    for (const [index, token] of tokens.entries()) {
      if (token.kind === 'mark') blocks.pass(token)
      if (token.kind !== 'word' || !takers.has(token.text) || tokens[index + 1]?.text !== '(') continue
      const { first, isVerbatim } = argumentsAt(tokens, index + 2)
      const calledAt = positionsIn(text)(token.at).line
      const within = blocks.around(token)
      const { texts, why } = first.length > 0 ? names.textsOf(file, first) : noFlags
      for (const one of texts) {
        const place = positions.get(one.file)?.(one.at) ?? { line: 1, column: 1 }
        const called = { name: token.text, calledIn: file, calledAt, isVerbatim, within }
        read.flags.push({ ...called, file: one.file, ...place, text: one.text })
      }
      const source = cut(text.slice(first[0]?.at, first.at(-1)?.end))
      if (why === undefined) continue
      read.unread.push({ name: token.text, file, line: calledAt, why: why.startsWith('its flags') ? `${why}: ${source}` : why })
    }
  }
  return read
}

const noFlags = { texts: [], why: 'has no flags: it asks rtpengine for nothing' }

/** What a piece of a script says that calls for no flags: `#!define FLAGS "…"`, `$var(flags) = "…"`, a text in quotes. */
export function textsIn (text: string): string[] {
  const script = { file: '', text }
  const names = new Names([script])
  const all = names.all.length > 0 ? names.all.map((name) => names.meaningOf(name)) : [names.textsOf('', tokensOf(text))]
  return [...new Set(all.flatMap(({ texts }) => texts.map((one) => one.text)))]
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
