import { NgpilotError } from '../errors.ts'
import { type NodeConfig, nodeOf, type Reading, type TlsFiles } from './node.ts'
import { problemsInNode } from './problems.ts'
import { isTree, nameOf, type Path, type Tree } from './words.ts'

const mostNodes = 1000

/**
 * The nodes that a hash in Redis holds: the field is the id, the value an address or a map as in `rtpengine.nodes`, in JSON.
 * And what is wrong with fields that are no node, by field.
 *
 * @throws NgpilotError `config_invalid` for a hash that is empty or not there: whoever keeps the nodes of before does better
 *   than with none.
 */
export function nodesInHash (
  hash: Record<string, string>, shared: TlsFiles,
): { nodes: NodeConfig[], problems: Map<string, string> } {
  const entries = Object.entries(hash)
  if (entries.length === 0) throw new NgpilotError('config_invalid', 'the hash is empty or not there')
  if (entries.length > mostNodes) {
    throw new NgpilotError('config_invalid', `the hash has ${entries.length} fields, at most ${mostNodes} are read`)
  }
  const nodes: NodeConfig[] = []
  const problems = new Map<string, string>()
  for (const [id, value] of entries) {
    const found: string[] = []
    const problem = (path: Path, text: string) => { found.push([nameOf(path), text].filter(Boolean).join(': ')) }
    const node = nodeIn(id, value, { shared, directory: '.', problem })
    if (node && found.length === 0) nodes.push(node)
    else problems.set(id, `field ${id.slice(0, 64)}: ${found.join('; ')}`)
  }
  return { nodes, problems }
}

function nodeIn (id: string, value: string, reading: Reading): NodeConfig | undefined {
  const settings = treeOf(value)
  if (!settings) {
    reading.problem([], 'must be an address or a map in JSON')
    return undefined
  }
  const tree = { ...settings, id }
  const problems = problemsInNode(tree)
  for (const [path, text] of problems) reading.problem(path, text)
  return problems.length > 0 ? undefined : nodeOf(tree as unknown as Parameters<typeof nodeOf>[0], [], reading)
}

function treeOf (value: string): Tree | undefined {
  if (!value.trimStart().startsWith('{')) return { address: value }
  try {
    const tree: unknown = JSON.parse(value)
    return isTree(tree) ? tree : undefined
  } catch {
    return undefined
  }
}
