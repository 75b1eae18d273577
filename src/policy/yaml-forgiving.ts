import { isAlias, isMap, isScalar, isSeq, parseDocument, visit, type Document, type Node, type Scalar } from 'yaml'
import { says, setKey, type Broken, type YamlNode } from './yaml.ts'

/**
 * The same as `readYaml`, by a parser that takes ten times as long: it goes on after the first mistake, and puts up with
 * some, such as a bracket that closes at the beginning of a line.
 */
export function readYamlForgivingly (text: string): { root: YamlNode | undefined, broken: Broken[] } {
  const document = parseDocument(text, { prettyErrors: false })
  const broken = [...yamlErrors(document), ...oddKeysAndAliases(document)]
  if (broken.length > 0) return { root: undefined, broken }
  document.toJS({ maxAliasCount: 100 }) // Throws where aliases multiply.
  return { root: isNode(document.contents) ? nodeOf(document.contents, document, text) : undefined, broken }
}

/** After the first ten, the rest is most likely their echo. */
function yamlErrors ({ errors, warnings }: Document): Broken[] {
  return [...errors, ...warnings].slice(0, 10).map(({ code, message, pos: [offset] }) => {
    if (code === 'DUPLICATE_KEY') return { offset, message: says.twice }
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
      found.push({ offset: Math.max(0, startOf(key)), message: says.oddKey(isScalar(key) ? String(key.value) : undefined) })
    },
    Alias (_, alias, around) {
      const target = alias.resolve(document)
      const message = target === undefined ? says.noAnchor(alias.source) : says.circle
      if (target === undefined || around.includes(target)) found.push({ offset: Math.max(0, startOf(alias)), message })
    },
  })
  return found
}

const isNode = (node: unknown): node is Node => isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)
const startOf = (node: unknown): number => isNode(node) ? node.range?.[0] ?? -1 : -1

function nodeOf (node: unknown, document: Document, text: string): YamlNode {
  const start = startOf(node)
  if (isAlias(node)) {
    const target = nodeOf(node.resolve(document), document, text)
    return { value: target.value, start, target }
  }
  if (isSeq(node)) {
    const items = node.items.map((item) => nodeOf(item, document, text))
    return { value: items.map(({ value }) => value), start, items }
  }
  if (isScalar(node)) return { value: node.value, start, scalar: scalarOf(node, start, text) }
  if (!isMap(node)) return { value: null, start }
  const value = {}
  const entries = new Map(node.items.map((pair) => {
    const name = String((pair.key as Scalar).value)
    const inner = nodeOf(pair.value, document, text)
    setKey(value, name, inner.value)
    return [name, { keyStart: startOf(pair.key), node: inner }]
  }))
  return { value, start, entries }
}

function scalarOf ({ type, range }: Scalar, start: number, text: string): NonNullable<YamlNode['scalar']> {
  const end = range?.[1] ?? start
  if (type === 'PLAIN') return { indent: 0, textStart: start, isBlock: false, end }
  if (type !== 'BLOCK_LITERAL' && type !== 'BLOCK_FOLDED') return { indent: 0, textStart: start + 1, isBlock: false, end }
  const textStart = text.indexOf('\n', start) + 1
  return { indent: /^ */.exec(text.slice(textStart, end))?.[0].length ?? 0, textStart, isBlock: true, end }
}
