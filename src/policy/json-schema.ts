import { vocabulary, type NgKey } from '../ng/vocabulary.ts'
import { codecNames } from './codec-names.ts'
import { presets } from './presets.ts'
import { isRecord } from './problem.ts'
import { PolicyFile } from './schema.ts'

type JsonSchema = Record<string, unknown>

/**
 * The JSON Schema of a policy file, for editors: the one that files are checked against, with the words that the checks
 * beyond it know (NG keys and their values, codecs, presets), so that an editor can offer them.
 */
export function policyJsonSchema (): JsonSchema {
  const schema = withWords(PolicyFile) as JsonSchema
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: 'ngpilot policy', ...schema }
}

/** Properties whose schema is widened, wherever they stand. */
const widened: Record<string, (schema: JsonSchema) => JsonSchema> = {
  ng: () => dictionary(vocabulary),
  codecs: (schema) => ({ ...schema, items: { anyOf: [{ enum: codecNames }, { type: 'string' }] } }),
  extends: (schema) => ({ ...schema, anyOf: [{ enum: Object.keys(presets) }, { type: 'string' }] }),
}

function withWords (schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withWords)
  if (!isRecord(schema)) return schema
  const properties = isRecord(schema['properties'])
    ? Object.fromEntries(Object.entries(schema['properties']).map(([name, value]) => {
        const wide = Object.hasOwn(widened, name) && isRecord(value) ? widened[name]?.(value) : undefined
        return [name, wide ?? withWords(value)]
      }))
    : undefined
  const rest = Object.entries(schema).filter(([name]) => name !== 'properties').map(([name, value]) => [name, withWords(value)])
  return { ...Object.fromEntries(rest), ...properties && { properties } }
}

function dictionary (keys: ReadonlyMap<string, NgKey>): JsonSchema {
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries([...keys].map(([name, key]) => [name, ofKey(key)])) }
}

function ofKey (key: NgKey): JsonSchema {
  const description = key.since === '10.5' ? {} : { description: `rtpengine ${key.since} and newer` }
  switch (key.type) {
    case 'integer': return { type: 'integer', minimum: key.minimum, maximum: key.maximum, ...description }
    case 'dictionary': return { ...dictionary(key.keys), ...description }
    case 'list': return { type: 'array', items: wordSchema(key), ...description }
    case 'string': return { ...wordSchema(key), ...description }
  }
}

function wordSchema ({ words, prefixes }: NgKey & { type: 'string' | 'list' }): JsonSchema {
  if (!words) return {}
  return prefixes ? { anyOf: [{ enum: [...words.keys()] }, { type: 'string', pattern: `^(${prefixes.join('|')})` }] } : { enum: [...words.keys()] }
}
