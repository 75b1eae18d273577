import { Environment, type ASTNode } from '@marcbachmann/cel-js'
import { equalitiesOf, type Equality } from './equalities.ts'
import { compilePattern, type Pattern } from './regex.ts'
import type { CallFacts, LegFacts, SipFacts, UriFacts } from './facts.ts'

/** What an expression sees of a leg. */
export interface LegView { facts: LegFacts, vars: Readonly<Record<string, string>>, profile?: string }

/** What an expression sees: of a rule's message all four parties, of an endpoint's leg that leg alone. */
export interface ExpressionView {
  facts: Pick<CallFacts, 'command' | 'callId' | 'at' | 'sip' | 'sdp'>
  vars: Readonly<Record<string, string>>
  /** A leg by the word that the expression has for it. */
  legs: (word: LegWord) => LegView | undefined
}

export interface Expression {
  /** A fact that is not there reads as empty. What goes wrong on the way counts as false. */
  holds: (view: ExpressionView) => boolean
  /** The headers that it looks at, in lower case. */
  headers: readonly string[]
  /** What has to be so for it to hold, beside whatever else it asks. */
  equalities: readonly Equality[]
}

/** What is wrong with an expression, and at which character of it. */
export interface ExpressionProblem { message: string, offset: number }

const limits = { maxAstNodes: 300, maxDepth: 40, maxListElements: 100, maxMapEntries: 20, maxCallArguments: 8 }
/** Facts that are lists come from strangers; longer than this they are cut. */
const mostItems = 32
const macros = new Set(['all', 'exists', 'exists_one', 'filter', 'map'])
/** Those of the expression that runs, as the library hands its functions their arguments alone. */
let patterns: ReadonlyMap<string, Pattern> = new Map()

const environments = { endpoint: environmentOf(['leg']), rule: environmentOf(['caller', 'callee', 'sender', 'receiver']) }

/**
 * Compiles a CEL expression over the facts. Its cost is bounded: so many nodes, no loop within a loop, and patterns of RE2.
 *
 * @see https://github.com/google/cel-spec
 */
export function compileExpression (source: string, about: keyof typeof environments): Expression | ExpressionProblem {
  const key = `${about} ${source}`
  const expression = compiled.get(key)?.expression ?? compileAnew(source, about)
  compiled.delete(key)
  compiled.set(key, { expression, load })
  return expression
}

/** By what they are about and their source, the latest used last: a check, a rule and a reload ask for the same ones. */
const compiled = new Map<string, { expression: Expression | ExpressionProblem, load: number }>()
let load = 0
/** A reload loads the policy and its candidate, so that these are the latest two reloads. */
const loadsKept = 4

/** When a load begins: expressions that none of the latest has are forgotten, for each takes some 13 KB. */
export function forgetExpressions (): void {
  load++
  for (const [key, { load: used }] of compiled) {
    if (used > load - loadsKept) break
    compiled.delete(key)
  }
}

function compileAnew (source: string, about: keyof typeof environments): Expression | ExpressionProblem {
  if (source.length > 2000) return { message: 'the expression has more than 2,000 characters', offset: 0 }
  let run: ReturnType<Environment['parse']>
  try {
    run = environments[about].parse(source)
  } catch (error) {
    return problemOf(error)
  }
  const checked = run.check()
  if (!checked.valid) return problemOf(checked.error)
  if (checked.type !== 'bool') return { message: `must be true or false, but is of type ${checked.type ?? 'unknown'}`, offset: 0 }
  const names: Names = { vars: new Set(), headers: new Set(), legs: new Set(), patterns: new Map() }
  const problem = lookAt(run.ast, names, false)
  if (problem) return problem
  const headers = [...names.headers]
  const vars = [...names.vars]
  const legs = [...names.legs]
  return {
    headers,
    equalities: equalitiesOf(run.ast),
    holds (view) {
      patterns = names.patterns
      try {
        return run(contextOf(view, { vars, headers, legs })) === true
      } catch {
        return false
      }
    },
  }
}

function environmentOf (legs: readonly string[]): Environment {
  const environment = new Environment({ limits })
  environment.registerType('Uri', { fields: { text: 'string', user: 'string', host: 'string' } })
  environment.registerType('Sip', {
    fields: {
      method: 'string', status: 'int', requestUri: 'Uri', from: 'Uri', to: 'Uri', userAgent: 'string', headers: 'map<string, string>',
    },
  })
  environment.registerType('Sdp', {
    fields: {
      codecs: 'list<string>', media: 'list<string>', protocol: 'string', ptime: 'int', family: 'string', address: 'string',
      hasIce: 'bool', hasDtls: 'bool', hasSdes: 'bool', isPrivate: 'bool',
    },
  })
  environment.registerType('Leg', {
    fields: { profile: 'string', transport: 'string', address: 'string', port: 'int', uri: 'string', vars: 'map<string, string>' },
  })
  environment.registerFunction('regex(string, string): bool', (text: string, pattern: string) => patterns.get(pattern)?.test(text) === true)
  for (const [name, type] of Object.entries({
    command: 'string', callId: 'string', now: 'google.protobuf.Timestamp', vars: 'map<string, string>', sip: 'Sip', sdp: 'Sdp',
  })) environment.registerVariable(name, type)
  for (const leg of legs) environment.registerVariable(leg, 'Leg')
  return environment
}

interface Names { vars: Set<string>, headers: Set<string>, legs: Set<LegWord>, patterns: Map<string, Pattern> }
type LegWord = 'leg' | 'caller' | 'callee' | 'sender' | 'receiver'

/** Notes the hints and headers that are asked for by name, and the patterns; finds what has no bound. */
function lookAt (node: ASTNode, names: Names, isInLoop: boolean): ExpressionProblem | undefined {
  const wrong = (message: string): ExpressionProblem => ({ message, offset: node.range.start })
  if (mapOf(node)) return wrong('vars and headers are asked for by name: vars.trunk, sip.headers["x-trunk"]; one that is not there is ""')
  if (node.op === 'id' && isLegWord(node.args)) names.legs.add(node.args)
  if (node.op === '.' || node.op === '[]') {
    const [base, key] = node.args
    const map = mapOf(base)
    if (map !== undefined) {
      const name = typeof key === 'string' ? key : key.op === 'value' ? key.args : undefined
      if (typeof name !== 'string') return wrong(`write the name out: ${map}["name"]`)
      if (map === 'headers' && name !== name.toLowerCase()) return wrong(`the names of headers are in lower case: "${name.toLowerCase()}"`)
      names[map].add(name)
      return base.op === '.' ? lookAt(base.args[0], names, isInLoop) : undefined
    }
  }
  if (node.op === 'call' && node.args[0] === 'has') return wrong('nothing is absent here: a fact that is not there is "", 0, false or an empty list')
  if (node.op === 'rcall' && node.args[0] === 'matches') return wrong('its cost has no bound; write regex(text, "pattern"), with a pattern of RE2')
  if (node.op === 'call' && node.args[0] === 'regex') {
    const [, pattern] = node.args[1]
    if (pattern?.op !== 'value' || typeof pattern.args !== 'string') return wrong('the pattern of regex() must be written out')
    const compiled = compilePattern(pattern.args)
    if (typeof compiled === 'string') return { message: compiled, offset: pattern.range.start }
    names.patterns.set(pattern.args, compiled)
  }
  const isLoop = node.op === 'rcall' && macros.has(node.args[0])
  if (isLoop && isInLoop) return wrong(`${node.args[0]}() within another loop has no bound that would do`)
  for (const child of childrenOf(node)) {
    const problem = lookAt(child, names, isInLoop || isLoop)
    if (problem) return problem
  }
  return undefined
}

const isLegWord = (word: string): word is LegWord => ['leg', 'caller', 'callee', 'sender', 'receiver'].includes(word)

/** `vars`, `leg.vars` and such, or `sip.headers`. */
function mapOf (node: ASTNode): 'vars' | 'headers' | undefined {
  if (node.op === 'id') return node.args === 'vars' ? 'vars' : undefined
  if (node.op !== '.') return undefined
  return node.args[1] === 'vars' ? 'vars' : node.args[1] === 'headers' ? 'headers' : undefined
}

function childrenOf ({ args }: ASTNode): ASTNode[] {
  const found: ASTNode[] = []
  const search = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(search)
    else if (typeof value === 'object' && value !== null && 'op' in value) found.push(value as ASTNode)
  }
  search(args)
  return found
}

function problemOf (error: unknown): ExpressionProblem {
  const { summary, range } = error as { summary?: string, range?: { start: number } }
  return { message: `not CEL: ${summary ?? String(error)}`, offset: range?.start ?? 0 }
}

type NameLists = Record<Exclude<keyof Names, 'patterns'>, readonly string[]>

function contextOf ({ facts, vars, legs }: ExpressionView, names: NameLists): Record<string, unknown> {
  const fixed = fixedOf(facts)
  const context: Record<string, unknown> = { ...fixed, vars: named(vars, names.vars) }
  if (names.headers.length > 0) context['sip'] = { ...fixed.sip, headers: named(headersOf(facts.sip), names.headers) }
  for (const name of names.legs) {
    const view = isLegWord(name) ? legs(name) : undefined
    if (!view) continue
    const { facts: leg, vars: own, profile = '' } = view
    context[name] = {
      profile, transport: leg.transport ?? '', address: leg.address ?? '', port: BigInt(leg.port ?? 0), uri: leg.uri ?? '',
      vars: named(own, names.vars),
    }
  }
  return context
}

/** What is the same for every expression of one message, put together once. */
const fixedParts = new WeakMap<object, ReturnType<typeof fixedFrom>>()

function fixedOf (facts: ExpressionView['facts']): ReturnType<typeof fixedFrom> {
  let fixed = fixedParts.get(facts)
  if (!fixed) fixedParts.set(facts, fixed = fixedFrom(facts))
  return fixed
}

function fixedFrom ({ command, callId, at, sip, sdp }: ExpressionView['facts']) {
  return {
    command, callId, now: new Date(at),
    sip: {
      method: sip?.method ?? '', status: BigInt(sip?.status ?? 0), userAgent: sip?.userAgent ?? '',
      requestUri: sip?.requestUri ?? noUri, from: sip?.from ?? noUri, to: sip?.to ?? noUri,
      headers: new Map<string, string>(),
    },
    sdp: {
      codecs: sdp?.codecs.slice(0, mostItems).map(({ name }) => name) ?? [], media: sdp?.media.slice(0, mostItems) ?? [],
      protocol: sdp?.protocol ?? '', ptime: BigInt(sdp?.ptime ?? 0), family: sdp?.family ?? '', address: sdp?.address ?? '',
      hasIce: sdp?.hasIce ?? false, hasDtls: sdp?.hasDtls ?? false, hasSdes: sdp?.hasSdes ?? false,
      isPrivate: sdp?.isPrivate ?? false,
    },
  }
}

const noUri: UriFacts = { text: '', user: '', host: '' }
const headersOf = (sip: SipFacts | undefined): Readonly<Record<string, string>> => sip?.headers ?? {}

/** By name, an empty text for what is not there. As a Map, so that `vars.constructor` is a hint or nothing. */
function named (all: Readonly<Record<string, string>>, names: readonly string[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const name of names) found.set(name, Object.hasOwn(all, name) ? all[name] ?? '' : '')
  return found
}
