import {
  boolCoreTag, EVENT_ID, floatCoreTag, getScalarValue, intCoreTag, NOT_RESOLVED, nullCoreTag, parseEvents, SCALAR_STYLE,
  YAMLException, type ScalarEvent,
} from 'js-yaml'

/**
 * A value of a YAML text: what it says, at which character it begins (negative for what is not written), and what is within
 * it. Of a scalar: where its text begins, after the quote or the header, and how far a block's lines are indented.
 */
export interface YamlNode {
  value: unknown
  start: number
  entries?: Map<string, YamlEntry>
  items?: YamlNode[]
  /** What an alias repeats. */
  target?: YamlNode
  scalar?: { indent: number, textStart: number, isBlock: boolean, end: number }
}

export interface YamlEntry { keyStart: number, node: YamlNode }

/** What keeps a text from being read, at which character. */
export interface Broken { offset: number, message: string }

/** What is said of keys and aliases. */
export const says = {
  twice: 'this key stands here twice',
  oddKey: (scalar?: string): string => `a key must be a string, found ${scalar === undefined ? 'a map or a list' : `${scalar}: put it in quotes`}`,
  noAnchor: (name: string): string => `there is no anchor "&${name}" before this alias`,
  circle: 'this alias repeats what it stands in',
}

/** Aliases are for a list that is written once and used a few times; more values than this are an attack or a mistake. */
const mostRepeated = 100_000

interface Open { node: YamlNode, before: number, anchor: Anchor | undefined, key?: Key }
interface Key { name: string, start: number, end: number }
interface Anchor { node: YamlNode, isOpen: boolean, size: number }
const noAnchor = { node: undefined, isOpen: false, size: 0 }

/**
 * The one document of a text, as YAML 1.2 reads it, keys being strings; undefined for an empty one. With all that is wrong
 * in its keys and aliases; of what is not YAML at all, the first thing.
 *
 * @throws YAMLException where it is not YAML, or more than one document
 */
export function readYaml (text: string): { root: YamlNode | undefined, broken: Broken[] } {
  const broken: Broken[] = []
  const stack: Open[] = []
  const anchors = new Map<string, Anchor>()
  let root: YamlNode | undefined
  let documents = 0
  let size = 0
  let repeated = 0

  const put = (node: YamlNode): void => {
    const around = stack.at(-1)
    if (!around) root = node
    else if (around.node.items) {
      around.node.items.push(node);
      (around.node.value as unknown[]).push(node.value)
    } else if (around.key) {
      const { name, start } = around.key
      if (node.start < 0) node.start = behindColon(text, around.key.end)
      delete around.key
      const entries = around.node.entries ?? new Map<string, YamlEntry>()
      if (entries.has(name)) broken.push({ offset: start, message: says.twice })
      entries.set(name, { keyStart: start, node })
      setKey(around.node.value as Record<string, unknown>, name, node.value)
    } else {
      const { value, start, scalar } = node
      if (!scalar || typeof value !== 'string') {
        broken.push({ offset: Math.max(start, around.node.start), message: says.oddKey(scalar && String(value)) })
      }
      around.key = { name: String(value), start, end: scalar?.end ?? start }
    }
  }
  const named = (from: number, to: number, node: YamlNode, isOpen: boolean): Anchor | undefined => {
    if (from < 0) return undefined
    const anchor = { node, isOpen, size: 1 }
    anchors.set(text.slice(from, to), anchor)
    return anchor
  }

  for (const event of parseEvents(text, {})) {
    size++
    if (event.type === EVENT_ID.DOCUMENT) {
      if (documents++ > 0) throw new YAMLException('a second document')
    } else if (event.type === EVENT_ID.SCALAR) {
      const { valueStart, valueEnd, style, indent } = event
      const isBlock = style === SCALAR_STYLE.LITERAL_BLOCK || style === SCALAR_STYLE.FOLDED_BLOCK
      const scalar = { indent, textStart: valueStart, isBlock, end: valueEnd }
      const node = { value: valueOf(text, event), start: startOf(text, event), scalar }
      if (event.tagStart >= 0 && !isText(text, event)) broken.push(tagged(text, event))
      named(event.anchorStart, event.anchorEnd, node, false)
      put(node)
    } else if (event.type === EVENT_ID.ALIAS) {
      const name = text.slice(event.anchorStart, event.anchorEnd)
      const { node: target, isOpen, size: more } = anchors.get(name) ?? noAnchor
      const offset = event.anchorStart - 1
      if (isOpen) broken.push({ offset, message: says.circle })
      else if (!target) broken.push({ offset, message: says.noAnchor(name) })
      size += more
      repeated += more
      if (repeated > mostRepeated) {
        return { root, broken: [...broken, { offset, message: `up to here, aliases repeat more than ${mostRepeated} values` }] }
      }
      put(target && !isOpen ? { value: target.value, start: offset, target } : { value: null, start: offset })
    } else if (event.type === EVENT_ID.POP) {
      const { anchor, before } = stack.pop() ?? {}
      if (anchor) Object.assign(anchor, { isOpen: false, size: size - (before ?? 0) })
    } else {
      const isList = event.type === EVENT_ID.SEQUENCE
      const { start } = event
      const node: YamlNode = isList ? { value: [], start, items: [] } : { value: {}, start, entries: new Map() }
      if (event.tagStart >= 0) broken.push(tagged(text, event))
      const anchor = named(event.anchorStart, event.anchorEnd, node, true)
      put(node)
      stack.push({ node, before: size, anchor })
    }
  }
  return { root, broken }
}

/** Where a value would stand that is not written. */
function behindColon (text: string, end: number): number {
  const [colon = ''] = /^["']?\s*:/.exec(text.slice(end, end + 80)) ?? []
  return colon === '' ? -1 : end + colon.length
}

export function setKey (map: Record<string, unknown>, name: string, value: unknown): void {
  // An assignment would not make a key of __proto__.
  if (name !== '__proto__') map[name] = value
  else Object.defineProperty(map, name, { value, enumerable: true, writable: true, configurable: true })
}

const plainTags = [nullCoreTag, boolCoreTag, intCoreTag, floatCoreTag]

/** A plain scalar is whatever it looks like, every other one a text. */
function valueOf (text: string, event: ScalarEvent): unknown {
  const source = getScalarValue(text, event)
  if (event.style !== SCALAR_STYLE.PLAIN || event.tagStart >= 0) return source
  for (const { tagName, implicitFirstChars, resolve } of plainTags) {
    if (implicitFirstChars && !implicitFirstChars.includes(source.charAt(0))) continue
    const value: unknown = resolve(source, false, tagName)
    if (value !== NOT_RESOLVED) return value
  }
  return source
}

/** Where its first character is that a person would say it begins with; negative for one that is not written. */
function startOf (text: string, { style, valueStart }: ScalarEvent): number {
  if (valueStart < 0 || style === SCALAR_STYLE.PLAIN) return valueStart
  if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED) return valueStart - 1
  const line = text.lastIndexOf('\n', valueStart - 2) + 1
  return line + Math.max(0, text.slice(line, valueStart).search(/[|>][-+\d]*[ \t]*(?:#.*)?\r?\n?$/))
}

type Tagged = Pick<ScalarEvent, 'tagStart' | 'tagEnd'>

const isText = (text: string, { tagStart, tagEnd }: Tagged): boolean => ['!', '!!str'].includes(text.slice(tagStart, tagEnd))

function tagged (text: string, { tagStart, tagEnd }: Tagged): Broken {
  return { offset: tagStart, message: `the tag ${text.slice(tagStart, tagEnd)} has no meaning here; a text that looks like something else stands in quotes` }
}

/** How far a character of a scalar's value is from where the scalar begins, in the file's text. */
export function distanceWithin ({ value, start, scalar }: YamlNode, character: number, text: string): number {
  if (!scalar || typeof value !== 'string') return 0
  const { isBlock, textStart, indent } = scalar
  if (isBlock) {
    const before = value.slice(0, character).split('\n')
    const lines = text.slice(textStart).split('\n', before.length - 1)
    return textStart - start + lines.reduce((sum, line) => sum + line.length + 1, 0) + indent + (before.at(-1)?.length ?? 0)
  }
  // Escapes and line breaks before the character would move it, and then the beginning has to do.
  return text.slice(textStart, textStart + character) === value.slice(0, character) ? textStart - start + character : 0
}
