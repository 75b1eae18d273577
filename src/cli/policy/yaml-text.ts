import { Document, isMap, isSeq, visit } from 'yaml'

/** Lists and inner maps on one line each. `comments` stand before the profiles of those names. */
export function yamlOf (value: unknown, comments: ReadonlyMap<string, string> = new Map()): string {
  const document = new Document(value)
  visit(document, {
    Pair (_, { key }) {
      const name = (key as { value?: unknown }).value
      const comment = typeof name === 'string' ? comments.get(name) : undefined
      if (comment !== undefined) (key as { commentBefore?: string }).commentBefore = ` ${comment}`
    },
    Collection (_, node, path) {
      if (isSeq(node) || (isMap(node) && path.length > 5)) node.flow = true
    },
  })
  return document.toString({ lineWidth: 0, flowCollectionPadding: true })
}
