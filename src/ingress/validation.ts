import { nearestWord } from '../nearest-word.ts'

/** One of Ajv's errors; with `verbose` the schema that found it comes along. */
interface Finding {
  instancePath: string
  keyword: string
  params: Record<string, unknown>
  message?: string | undefined
  parentSchema?: object | undefined
}

/** Ajv's findings as one sentence for a person: every problem, and for a misspelt key the nearest right one. */
export function explain (found: readonly Finding[], where = 'body'): string {
  return found.map((problem) => {
    const place = `${where}${problem.instancePath.replaceAll('/', '.')}`
    if (problem.keyword === 'enum') return `${place} must be one of ${wordsOf(problem.params.allowedValues as string[])}`
    if (problem.keyword === 'pattern') return `${place} ${formOf(problem)}`
    if (problem.keyword !== 'additionalProperties') return `${place} ${problem.message ?? 'is not valid'}`
    const key = String(problem.params.additionalProperty)
    return `${place} has the unknown key "${key}"${hint(key, knownKeys(problem))}`
  }).join('; ')
}

/** An option without a value is the empty text. */
function wordsOf (allowed: readonly string[]): string {
  return allowed.map((word) => word === '' ? 'nothing' : word).join(', ')
}

/** What a text must look like: a schema with a pattern says it in words too. */
function formOf ({ parentSchema, message }: Finding): string {
  const { title } = (parentSchema ?? {}) as { title?: string }
  return title === undefined ? message ?? 'is not valid' : `must be ${title}`
}

function knownKeys ({ parentSchema }: Finding): string[] {
  return Object.keys((parentSchema as { properties?: object } | undefined)?.properties ?? {})
}

function hint (word: string, known: string[]): string {
  const nearest = nearestWord(word, known)
  if (nearest !== undefined) return `; did you mean "${nearest}"?`
  return known.length > 0 ? `; known are ${known.join(', ')}` : ''
}
