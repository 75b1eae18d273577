import { basename } from 'node:path'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Scalar } from 'yaml'
import { asProblem, isTestName, readTexts, type PolicyText } from './texts.ts'
import { pathText, type Finding, type Path, type PolicyProblem } from './problem.ts'

/** One policy file: its text, what the YAML says, and where in the text each of it stands. */
export interface PolicySource {
  file: string
  name: string
  text: string
  value: unknown
  place: (finding: Finding) => PolicyProblem
}

/** Aliases are for a list that is written once and used a few times; more than this many is an attack or a mistake. */
const maxAliasCount = 100

/** A source, or why there is none. */
type Read = { source: PolicySource } | { problems: PolicyProblem[] }

/** The files of a policy: those that make it, its tests (`*.test.yaml`), and those that could not be read. */
export interface PolicySources { sources: PolicySource[], tests: PolicySource[], problems: PolicyProblem[] }

/** The files of a directory. */
export async function readSources (directory: string): Promise<PolicySources> {
  return parseSources(await readTexts(directory))
}

/** The same, from texts that are at hand. */
export function parseSources (texts: readonly (PolicyText | PolicyProblem)[]): PolicySources {
  const read = texts.map((one) => 'text' in one ? parseSource(one.file, one.text) : { problems: [one] })
  const sources = read.flatMap((one) => 'source' in one ? [one.source] : [])
  return {
    sources: sources.filter(({ file }) => !isTestName(file)),
    tests: sources.filter(({ file }) => isTestName(file)),
    problems: read.flatMap((one) => 'source' in one ? [] : one.problems),
  }
}

function parseSource (file: string, text: string): Read {
  const lines = new LineCounter()
  const problemAt = (offset: number, message: string): PolicyProblem => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col, message }
  }
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
    const broken = [...yamlErrors(document), ...oddKeysAndAliases(document)]
    if (broken.length > 0) return { problems: broken.map(({ offset, message }) => problemAt(offset, message)) }
    const value: unknown = document.toJS({ maxAliasCount })
    if (value === null) return { problems: [problemAt(0, 'the file is empty; it begins with "version: 1"')] }
    const place = ({ path, at, message, offset = 0 }: Finding): PolicyProblem => {
      return problemAt(offsetOf(document, path, at, offset, text), path.length > 0 ? `${pathText(path)}: ${message}` : message)
    }
    return { source: { file, name: basename(file), text, value, place } }
  } catch (error) { // Aliases that multiply.
    return { problems: [asProblem(file, error)] }
  }
}

interface Broken { offset: number, message: string }

/** What the parser says. After the first ten, the rest is most likely their echo. */
function yamlErrors ({ errors, warnings }: Document): Broken[] {
  return [...errors, ...warnings].slice(0, 10).map(({ code, message, pos: [offset] }) => {
    if (code === 'DUPLICATE_KEY') return { offset, message: 'this key stands here twice' }
    if (code === 'MULTIPLE_DOCS') return { offset, message: 'a second document begins here; a file holds one' }
    return { offset, message: `not YAML: ${message}` }
  })
}

/** Keys that are not strings; aliases that repeat nothing, or themselves. */
function oddKeysAndAliases (document: Document): Broken[] {
  const found: Broken[] = []
  visit(document, {
    Pair (_, { key }) {
      if (isScalar(key) && typeof key.value === 'string') return
      const message = `a key must be a string, found ${isScalar(key) ? `${String(key.value)}: put it in quotes` : 'a map or a list'}`
      found.push({ offset: startOf(key) ?? 0, message })
    },
    Alias (_, alias, around) {
      const target = alias.resolve(document)
      const message = target === undefined ? `there is no anchor "&${alias.source}" before this alias` : 'this alias repeats what it stands in'
      if (target === undefined || around.includes(target)) found.push({ offset: startOf(alias) ?? 0, message })
    },
  })
  return found
}

/**
 * Where a key or a value begins, or that character of a value; of what the file does not say, where the nearest thing
 * around it begins.
 */
function offsetOf (document: Document, path: Path, part: Finding['at'], character: number, text: string): number {
  let node: unknown = document.contents
  let offset = 0
  for (const [index, step] of path.entries()) {
    const around = isAlias(node) ? node.resolve(document) : node
    const pair = isMap(around) ? around.items.find(({ key }) => isScalar(key) && key.value === step) : undefined
    const wanted = pair && part === 'key' && index === path.length - 1 ? pair.key : pair?.value
    node = isSeq(around) ? around.items[Number(step)] : pair?.value
    offset = startOf(wanted) ?? startOf(isSeq(around) ? node : pair?.key) ?? offset
  }
  return offset + (character > 0 && isScalar(node) ? within(node, character, text) : 0)
}

/** How far a character of a scalar's value is from where the scalar begins, in the file's text. */
function within ({ type, range, value }: Scalar, character: number, text: string): number {
  if (!range || typeof value !== 'string') return 0
  const [start, end] = range
  if (type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED') {
    const written = text.slice(start, end)
    const [before = ''] = value.slice(0, character).split('\n').slice(-1)
    const lines = value.slice(0, character).split('\n').length
    const body = written.split('\n')
    // That of the first line; what another has beyond it is part of the text.
    const indent = /^ */.exec(body[1] ?? '')?.[0].length ?? 0
    return body.slice(0, lines).join('\n').length + 1 + indent + before.length
  }
  // Quotes; escapes and line breaks before the character would move it, and then the beginning has to do.
  const quote = type === 'PLAIN' ? 0 : 1
  return text.slice(start + quote, start + quote + character) === value.slice(0, character) ? quote + character : 0
}

function startOf (node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined
}
