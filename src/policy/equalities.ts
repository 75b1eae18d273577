import type { ASTNode } from '@marcbachmann/cel-js'

/** A fact of an expression, as the steps to it (`sip`, `to`, `user`), that must be one of some texts for it to hold. */
export interface Equality { path: readonly string[], values: readonly string[], isWhole: boolean }

/**
 * What an expression asks of single facts: `vars.trunk == "acme"`, `vars.trunk in ["a", "b"]`, the same on both sides of
 * `||`; each part of `&&` by itself. `isWhole`: the expression says nothing else.
 */
export function equalitiesOf (node: ASTNode): Equality[] {
  if (node.op === '&&') {
    return [...equalitiesOf(node.args[0]), ...equalitiesOf(node.args[1])].map((each) => ({ ...each, isWhole: false }))
  }
  if (node.op === '||') {
    const [[one], [other]] = [equalitiesOf(node.args[0]), equalitiesOf(node.args[1])]
    if (!one || !other || one.path.join('\n') !== other.path.join('\n')) return []
    return [{ path: one.path, values: [...one.values, ...other.values], isWhole: one.isWhole && other.isWhole }]
  }
  if (node.op === '==') {
    const [left, right] = node.args
    return equality(left, [right]) ?? equality(right, [left]) ?? []
  }
  if (node.op === 'in' && node.args[1].op === 'list') return equality(node.args[0], node.args[1].args) ?? []
  return []
}

function equality (fact: ASTNode, texts: readonly ASTNode[]): Equality[] | undefined {
  const path = pathOf(fact)
  const values = texts.flatMap(({ op, args }) => op === 'value' && typeof args === 'string' ? [args] : [])
  // A fact that is not there is an empty text, and is in no table.
  if (!path || values.length < texts.length || values.includes('')) return undefined
  return [{ path, values, isWhole: true }]
}

function pathOf (node: ASTNode): string[] | undefined {
  if (node.op === 'id') return [node.args]
  if (node.op !== '.' && node.op !== '[]') return undefined
  const [base, key] = node.args
  const name = typeof key === 'string' ? key : key.op === 'value' && typeof key.args === 'string' ? key.args : undefined
  const around = pathOf(base)
  return around && name !== undefined ? [...around, name] : undefined
}
