import { closest, distance } from 'fastest-levenshtein'
import type { FastifySchemaValidationError } from 'fastify/types/schema.js'

/** Ajv's findings as one sentence for a person: every problem, and for a misspelt key the nearest right one. */
export function explain (found: readonly FastifySchemaValidationError[], where = 'body'): string {
  return found.map((problem) => {
    const place = `${where}${problem.instancePath.replaceAll('/', '.')}`
    if (problem.keyword !== 'additionalProperties') return `${place} ${problem.message ?? 'is not valid'}`
    const key = String(problem.params.additionalProperty)
    return `${place} has the unknown key "${key}"${nearest(key, knownKeys(problem))}`
  }).join('; ')
}

/** With Ajv's `verbose` the schema that refused the key comes along. */
function knownKeys (problem: FastifySchemaValidationError & { parentSchema?: { properties?: object } }): string[] {
  return Object.keys(problem.parentSchema?.properties ?? {})
}

function nearest (word: string, known: string[]): string {
  if (known.length === 0) return ''
  const best = closest(word, known)
  return distance(word, best) <= 3 ? `; did you mean "${best}"?` : `; known are ${known.join(', ')}`
}
