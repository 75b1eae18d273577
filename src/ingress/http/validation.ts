import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import { nearestWord } from '../../nearest-word.ts'

/** Ajv's findings as one sentence for a person: every problem, and for a misspelt key the nearest right one. */
export function explain (found: readonly FastifySchemaValidationError[], where = 'body'): string {
  return found.map((problem) => {
    const place = `${where}${problem.instancePath.replaceAll('/', '.')}`
    if (problem.keyword === 'enum') return `${place} must be one of ${(problem.params.allowedValues as string[]).join(', ')}`
    if (problem.keyword !== 'additionalProperties') return `${place} ${problem.message ?? 'is not valid'}`
    const key = String(problem.params.additionalProperty)
    return `${place} has the unknown key "${key}"${hint(key, knownKeys(problem))}`
  }).join('; ')
}

/** With Ajv's `verbose` the schema that refused the key comes along. */
function knownKeys (problem: FastifySchemaValidationError & { parentSchema?: { properties?: object } }): string[] {
  return Object.keys(problem.parentSchema?.properties ?? {})
}

function hint (word: string, known: string[]): string {
  const nearest = nearestWord(word, known)
  if (nearest !== undefined) return `; did you mean "${nearest}"?`
  return known.length > 0 ? `; known are ${known.join(', ')}` : ''
}
