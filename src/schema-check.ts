import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv'

const compiling = { allErrors: true, verbose: true, inlineRefs: false, strictTypes: false, code: { optimize: false } }

export type SchemaCheck = (value: unknown) => readonly ErrorObject[]

/**
 * All that a value breaks of a JSON Schema, each with the schema and the data at fault; nothing where it is right.
 *
 * Compiled when it is first used, not optimized, and each part once: the schema of policies takes Ajv a third of a second
 * otherwise, at each start and for each command.
 */
export function schemaCheck (schema: object, options: Options = {}): SchemaCheck {
  let check: ValidateFunction | undefined
  return (value) => {
    check ??= new Ajv({ ...compiling, ...options }).compile(withParts(schema))
    return check(value) ? [] : check.errors ?? []
  }
}

/** Objects that stand in several places become `$defs`; their type stays where they were, for what is told of it. */
function withParts (schema: object): object {
  const uses = new Map<object, number>()
  count(schema)
  const parts = [...uses].filter(([part, times]) => times > 1 && 'properties' in part).map(([part]) => part)
  const body = (part: object) => Object.fromEntries(Object.entries(part).map(([key, value]) => [key, referring(value)]))
  const $defs = Object.fromEntries(parts.map((part, index) => [index, { ...body(part), type: undefined }]))
  return { ...body(schema), $defs }

  function count (value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    const times = (uses.get(value) ?? 0) + 1
    uses.set(value, times)
    if (times === 1) Object.values(value).forEach(count)
  }

  function referring (value: unknown): unknown {
    if (Array.isArray(value)) return value.map(referring)
    if (typeof value !== 'object' || value === null) return value
    const index = parts.indexOf(value)
    return index < 0 ? body(value) : { ...'type' in value && { type: value.type }, $ref: `#/$defs/${index}` }
  }
}
