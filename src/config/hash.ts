import { NgpilotError } from '../errors.ts'
import { type NodeConfig, nodeOf, type TlsFiles } from './node.ts'
import { problemsInNode } from './problems.ts'
import { isTree, kindOf, nameOf, type Path, type Tree } from './words.ts'

const mostNodes = 1000

/**
 * The nodes that a hash in Redis holds: the field is the id, the value an address or a map as in `rtpengine.nodes`, in JSON.
 *
 * @throws NgpilotError `config_invalid` for the first field that is no node, and for a hash that is empty or not there:
 *   whoever keeps the nodes of before does better than with none.
 */
export function nodesInHash (hash: Record<string, string>, shared: TlsFiles): NodeConfig[] {
  const entries = Object.entries(hash)
  if (entries.length === 0) throw new NgpilotError('config_invalid', 'the hash is empty or not there')
  if (entries.length > mostNodes) {
    throw new NgpilotError('config_invalid', `the hash has ${entries.length} fields, at most ${mostNodes} are read`)
  }
  return entries.map(([id, value]) => {
    const tree = { ...treeOf(id, value), id }
    const problem = (path: Path, text: string) => {
      throw new NgpilotError('config_invalid', `field ${id.slice(0, 64)}: ${[nameOf(path), text].filter(Boolean).join(': ')}`)
    }
    for (const [path, text] of problemsInNode(tree)) problem(path, text)
    return nodeOf(tree as unknown as Parameters<typeof nodeOf>[0], [], { shared, directory: '.', problem })
  })
}

function treeOf (id: string, value: string): Tree {
  if (!value.trimStart().startsWith('{')) return { address: value }
  try {
    const tree: unknown = JSON.parse(value)
    if (isTree(tree)) return tree
    throw new Error(`found ${kindOf(tree)}`)
  } catch {
    throw new NgpilotError('config_invalid', `field ${id.slice(0, 64)}: must be an address or a map in JSON`)
  }
}
