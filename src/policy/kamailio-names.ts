import { tokensOf, variable, type Token } from './kamailio-tokens.ts'
import { compilePattern } from './regex.ts'

/** A text of some script, where it begins. */
export interface Text { file: string, text: string, at: number }

export interface Script { file: string, text: string }

/** What something stands for; `why` not all of that is known. */
export interface Meaning { texts: Text[], why?: string }

/** One thing that a name is set to; `env`: the variable of the environment that says it. */
interface Value { file: string, tokens: Token[], env?: string }

/** Names that are being looked at, so that none leads to itself, or with the text that one has already. */
type Bound = ReadonlyMap<string, Text | undefined>

/** A name that can be many texts, such as one that is put together in many `if`s, tells nobody anything. */
const mostTexts = 6

/**
 * What the names in scripts stand for: those of `#!define` and its kin, and variables, all over what includes what. Where a
 * script sets one in several places, it stands for each.
 */
export class Names {
  readonly #values = new Map<string, Value[]>()
  readonly #substitutions: ((text: string) => string)[] = []

  constructor (scripts: readonly Script[]) {
    for (const { file, text } of scripts) {
      this.#readDirectives(file, text)
      this.#readAssignments(file, tokensOf(text))
    }
  }

  /** The names that scripts set, in their order. */
  get all (): string[] {
    return [...this.#values.keys()]
  }

  /** What an argument or a value amounts to: texts, names and variables, one after another or with + between them. */
  textsOf (file: string, tokens: readonly Token[], bound: Bound = new Map()): Meaning {
    const [first] = tokens
    if (!first) return { texts: [] }
    const only = tokens.length === 1 ? nameOf(first) : undefined
    if (only !== undefined) return this.meaningOf(only, bound)
    const parts = tokens.filter(({ kind, text }) => kind !== 'mark' || text !== '+')
    if (parts.some(({ kind }) => kind === 'mark' || kind === 'include')) return { texts: [], why: 'its flags are put together' }
    let whole: Meaning = { texts: [{ file, text: '', at: first.at }] }
    for (const token of parts) {
      const part = this.#partOf(file, token, bound)
      const why = whole.why ?? part.why
      whole = {
        texts: whole.texts.flatMap((one) => part.texts.map(({ text }) => ({ ...one, text: one.text + text }))),
        ...why !== undefined && { why },
      }
      if (whole.texts.length > mostTexts) return { texts: [], why: `its flags are put together of so many texts that they can be more than ${mostTexts}` }
    }
    return whole
  }

  /** What is known of a name. */
  meaningOf (name: string, bound: Bound = new Map()): Meaning {
    if (bound.has(name)) {
      const text = bound.get(name)
      return text ? { texts: [text] } : { texts: [], why: `${name} is set to what it is itself a part of` }
    }
    const values = this.#values.get(name) ?? []
    const env = values.find((value) => value.env !== undefined)?.env
    if (env !== undefined) return { texts: [], why: `${name} comes from the environment, by the name ${env}` }
    const isAdding = ({ tokens }: Value) => tokens.some(({ kind, text }) => variablesIn(kind === 'mark' ? '' : text).includes(name))
    const looking = new Map([...bound, [name, undefined]])
    const own = values.filter((value) => !isAdding(value)).map(({ file, tokens }) => this.textsOf(file, tokens, looking))
    const plainTexts = own.flatMap(({ texts }) => texts)
    const adding = values.filter(isAdding)
    const texts = [...plainTexts, ...adding.flatMap(({ file, tokens }) => plainTexts.flatMap((text) => {
      return this.textsOf(file, tokens, new Map([...bound, [name, text]])).texts
    }))]
    if (texts.length > mostTexts) return { texts: [], why: `${name} can be more than ${mostTexts} texts` }
    const why = whyMore(name, own, adding.length)
    return { texts, ...why !== undefined && { why } }
  }

  /** A variable that nobody knows stays in the text as it is: what reads the flags says so of it. */
  #partOf (file: string, token: Token, bound: Bound): Meaning {
    const name = nameOf(token)
    if (name !== undefined) {
      const meaning = this.meaningOf(name, bound)
      if (meaning.texts.length > 0 || !name.startsWith('$')) return meaning
      return { texts: [{ file, text: token.text, at: token.at }] }
    }
    return this.#filled({ file, text: this.#substituted(token.text), at: token.at }, bound)
  }

  /** A text with the variables in it that are known. */
  #filled (text: Text, bound: Bound): Meaning {
    let whole: Meaning = { texts: [text] }
    for (const found of new Set(text.text.match(new RegExp(variable, 'g')))) {
      const { texts, why } = this.meaningOf(plain(found), bound)
      if (texts.length === 0) continue
      const both = whole.why ?? why
      whole = {
        texts: whole.texts.flatMap((one) =>
          texts.map(({ text: known }) => ({ ...one, text: one.text.replaceAll(found, () => known) }))),
        ...both !== undefined && { why: both },
      }
      if (whole.texts.length > mostTexts) return { texts: [text] }
    }
    return whole
  }

  #substituted (text: string): string {
    return this.#substitutions.reduce((left, substitute) => substitute(left), text)
  }

  #put (name: string, value: Value): void {
    this.#values.set(name, [...this.#values.get(name) ?? [], value])
  }

  #readDirectives (file: string, script: string): void {
    for (const match of script.matchAll(/^[ \t]*[#!]!(\w+)[ \t]+((?:[^\n\\]|\\[^])*)/gm)) {
      const [all, directive = '', rest = ''] = match
      const at = match.index + all.length - rest.length
      if (/^(?:try|re)?def(?:ine|exps?)?$/.test(directive)) {
        const [, name = '', value = ''] = /^(\w+)[ \t]*([^]*)$/.exec(rest) ?? []
        this.#put(name, { file, tokens: tokensOf(value.replaceAll(/\\\r?\n/g, '  '), at + rest.length - value.length) })
      } else if (/^(?:try)?defenvs?$/.test(directive)) {
        const [, name = '', env = name] = /^(\w+)(?:=(\w+))?/.exec(rest) ?? []
        this.#put(name, { file, tokens: [], env })
      } else if (/^substdefs?$|^subst$/.test(directive)) this.#readSubstitution(file, directive, rest, at)
    }
  }

  /** `"/WHAT/BY WHAT/g"`, with any mark in place of the slash. */
  #readSubstitution (file: string, directive: string, rest: string, at: number): void {
    const [quoted] = tokensOf(rest.replaceAll('\\', '\\\\'), at)
    const mark = quoted?.text[0]
    if (quoted?.kind !== 'text' || mark === undefined) return
    const [what = '', by = '', flags = ''] = partsBetween(mark, quoted.text.slice(1))
    const pattern = compilePattern(what)
    if (typeof pattern === 'string' || what === '') return
    const end = at + rest.length
    if (directive !== 'subst') this.#put(what, { file, tokens: [{ kind: 'text', text: by, at: at + 2 + what.length, end }] })
    this.#substitutions.push((text) => pattern.replaced(text, by, flags.includes('g')))
  }

  #readAssignments (file: string, tokens: readonly Token[]): void {
    for (const [index, token] of tokens.entries()) {
      const [equals, next] = tokens.slice(index + 1, index + 3)
      if (token.kind !== 'variable' || equals?.text !== '=' || equals.kind !== 'mark' || next?.text === '=') continue
      const end = tokens.findIndex(({ kind, text }, at) => at > index && kind === 'mark' && text === ';')
      const value = tokens.slice(index + 2, end < 0 ? undefined : end)
      if (value.length > 0 && value[0]?.text !== '$null') this.#put(plain(token.text), { file, tokens: value })
    }
  }
}

/** Whether a reason says all that there is to say, whichever name leads to it. */
const isFinal = (why: string): boolean => / comes from the environment| is set to what it is itself/.test(why)

/** The parts of a text between its marks; a mark with a backslash before it is a part of the text. */
function partsBetween (mark: string, text: string): string[] {
  const parts: string[] = []
  let part = ''
  for (let index = 0; index < text.length; index++) {
    const letter = text[index] ?? ''
    if (letter === mark) {
      parts.push(part)
      part = ''
    } else part += letter === '\\' && text[index + 1] === mark ? text[++index] ?? '' : letter
  }
  return [...parts, part]
}

/** Why the texts of a name are not all that it can be. */
function whyMore (name: string, own: readonly Meaning[], additions: number): string | undefined {
  if (own.length === 0) return name.startsWith('$') ? `the script never sets ${name} to a text` : `nothing in the script defines ${name} as a text`
  const [only] = own
  if (own.length === 1 && only?.texts.length === 0 && only.why !== undefined && isFinal(only.why)) return only.why
  if (own.some(({ texts }) => texts.length === 0)) return `the script sets ${name} to something else than a text`
  if (additions > 1) return `the script adds to ${name} in ${additions} places: each of them stands here as if the others were not`
  return own.find(({ why }) => why !== undefined)?.why
}

/** The name that a token is: of a define, or of a variable, also where that is all of a text. */
function nameOf ({ kind, text }: Token): string | undefined {
  if (kind === 'word') return text
  if (kind === 'variable') return plain(text)
  return kind === 'text' && new RegExp(`^\\s*(?:${variable.source})\\s*$`).test(text) ? plain(text.trim()) : undefined
}

/** `$(var(x))` is `$var(x)`; `$def(X)` is what `#!define X` says. */
function plain (name: string): string {
  const bare = /^\$\(([A-Za-z_]+\([^()]*\))\)$/.exec(name)?.[1]
  const whole = bare === undefined ? name : `$${bare}`
  return /^\$defn?s?\((\w+)\)$/.exec(whole)?.[1] ?? whole
}

const variablesIn = (text: string): string[] => (text.match(new RegExp(variable, 'g')) ?? []).map(plain)
