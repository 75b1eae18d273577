import { readFileSync } from 'node:fs'
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml'
import { namedNode } from './node-settings.ts'
import { leaves, Settings } from './settings.ts'
import { invalid, isTree, kindOf, suggestion, type Path, type Tree } from './words.ts'

export type Environment = Record<string, string | undefined>

/** What a YAML file says, and where it says it: `FILE:LINE:COLUMN` of a setting, or of what is next above it. */
export function readSettings (file: string): { tree: Tree, placeOf: (path: Path) => string } {
  const lines = new LineCounter()
  const place = (offset: number) => `${file}:${lines.linePos(offset).line}:${lines.linePos(offset).col}`
  const document = parseDocument(readText(file), { lineCounter: lines, prettyErrors: false, logLevel: 'silent' })
  const faults = [...document.errors, ...document.warnings]
  // What follows a colon quotes the file, and that may be a secret: `token: *x` is an alias to YAML.
  if (faults.length > 0) throw invalid(faults.map((fault) => `${place(fault.pos[0])}: ${fault.message.replace(/: .*/s, '')}`))
  const tree = jsOf(document, file)
  if (!isTree(tree)) throw invalid([`${file}: found ${kindOf(tree)}; must be a map of ${Object.keys(Settings.properties).join(', ')}`])
  return { tree, placeOf: (path) => place(offsetOf(document, path)) }
}

function readText (file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw invalid([`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`], error)
  }
}

function jsOf (document: Document, file: string): unknown {
  try {
    return document.toJS() ?? {}
  } catch (error) { // aliases that multiply: "a billion laughs"
    throw invalid([`${file}: cannot be read (too many aliases)`], error)
  }
}

function offsetOf (document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const key = path[length - 1]
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const pair = (isMap(parent) ? parent.items : []).find((item) => isScalar(item.key) && String(item.key.value) === key)
    const node = pair?.key ?? document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}

/** The file's settings with those of the environment over them; a section that is there but empty is one with none. */
export function withEnvironment (file: Tree, env: Environment) {
  const sections = Object.entries(file).map(([group, section]) => [group, isTree(section) ? { ...section } : section ?? {}])
  const tree = Object.fromEntries(sections) as Tree
  const variables = new Map<string, string>()
  for (const { group, key, name, env: variable, schema } of leaves) {
    const text = env[variable]
    if (!text || isServiceLink(variable, text)) continue
    const section = tree[group] ??= {}
    if (isTree(section)) section[key] = valueOf(text, schema.type)
    variables.set(name, variable)
  }
  if (isTree(tree.rtpengine) && Array.isArray(tree.rtpengine.nodes)) {
    const nodes: unknown[] = tree.rtpengine.nodes
    tree.rtpengine.nodes = nodes.map((node) => typeof node === 'string' ? namedNode(node) : node)
  }
  if (isTree(tree.discovery) && Array.isArray(tree.discovery.dns)) {
    const names: unknown[] = tree.discovery.dns
    tree.discovery.dns = names.map((name) => typeof name === 'string' ? { name } : name)
  }
  if (isTree(tree.discovery) && hasSource(tree.discovery)) {
    const rtpengine = tree.rtpengine ??= {}
    if (isTree(rtpengine)) rtpengine.nodes ??= []
  }
  const names = leaves.map((leaf) => leaf.env)
  const problems = Object.entries(env)
    .filter(([variable, text]) => variable.startsWith('NGPILOT_') && ![...others, ...names].includes(variable)
      && !isServiceLink(variable, text ?? ''))
    .map(([variable]) => `${variable}: no such setting${suggestion(variable, names)}`)
  return { tree, variables, problems }
}

/** Whether nodes are found by other means than the list. */
export function hasSource ({ dns, redisKey }: Tree): boolean {
  return redisKey !== undefined || (Array.isArray(dns) && dns.length > 0)
}

/** Not settings, but known: the file of settings, and what Kamailio's configuration and the tests read. */
const others = ['NGPILOT_CONFIG', 'NGPILOT_URL', 'NGPILOT_TOKEN', 'NGPILOT_STACK_DIR']

/** Variables that Kubernetes sets in every pod for a Service called `ngpilot` or `ngpilot-http` are not settings. */
function isServiceLink (variable: string, text: string): boolean {
  return /_SERVICE_(HOST|PORT)(_\w+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_\w+)?$/.test(variable)
    || (variable.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(text))
}

/** The value that a variable's text stands for; text that is none of that type stays text, for the schema to refuse. */
function valueOf (text: string, type: string): unknown {
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true'
  if (type === 'array') return text.split(',').map((item) => item.trim())
  return text
}
