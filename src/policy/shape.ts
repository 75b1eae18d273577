import { Ajv, type ErrorObject } from 'ajv'
import { nearestWord } from '../nearest-word.ts'
import { isRecord, shown, type Finding, type Path } from './problem.ts'
import { presets } from './presets.ts'
import { formats, PolicyFile } from './schema.ts'

const isPolicyFile = new Ajv({ allErrors: true, verbose: true, formats }).compile(PolicyFile)

/** Every place where a file has not the shape of the schema. */
export function checkShape (value: unknown): Finding[] {
  if (isPolicyFile(value)) return []
  return (isPolicyFile.errors ?? []).filter(tells).map((error) => findingOf(error, pathOf(error.instancePath, value)))
}

/** "One or a list of it" fails in both branches; only the one that the value stands in tells anything. */
function tells ({ keyword, schemaPath, data, parentSchema }: ErrorObject): boolean {
  if (keyword === 'type' && parentSchema?.['const'] !== undefined) return false
  if (keyword === 'anyOf' || schemaPath.endsWith('/anyOf/1/type')) return false
  return !/\/anyOf\/0\/\w+$/.test(schemaPath) || !Array.isArray(data)
}

function findingOf ({ keyword, params, data, parentSchema }: ErrorObject, path: Path): Finding {
  const wrong = (message: string): Finding => ({ path, at: 'value', message })
  const found = shown(data)
  switch (keyword) {
    case 'additionalProperties': {
      const known = Object.keys(isRecord(parentSchema?.['properties']) ? parentSchema['properties'] : {})
      const key = String(params['additionalProperty'])
      return { path: [...path, key], at: 'key', message: `unknown key; ${meant(key, known)}` }
    }
    case 'required': return wrong(`lacks "${String(params['missingProperty'])}"${hints[String(params['missingProperty'])] ?? ''}`)
    case 'enum': return wrong(`${found} is unknown; ${meant(data, params['allowedValues'] as string[])}`)
    case 'const': return wrong(`must be ${shown(params['allowedValue'])}, found ${found}`)
    case 'format': return wrong(`${found} is neither an address nor a block such as 198.51.100.0/24 or 2001:db8::/32`)
    case 'minItems': return wrong('the list is empty; leave the key out instead')
    case 'minProperties': return wrong('the map is empty; leave the key out instead')
    case 'uniqueItems': return wrong(`has ${shown(Array.isArray(data) ? data[Number(params['i'])] : data)} twice`)
    case 'minimum':
    case 'maximum': return wrong(`${wholeNumber(parentSchema)}, found ${found}`)
    default: return wrong(ofType(String(params['type']), data, parentSchema))
  }
}

const hints: Record<string, string> = {
  version: ': write "version: 1"',
  extends: `: the preset (${Object.keys(presets).join(', ')}) or profile that it builds on`,
  profile: ': the name of a preset or profile',
}

function ofType (type: string, data: unknown, schema: ErrorObject['parentSchema']): string {
  const found = `found ${shown(data)}`
  if (type === 'array') return typeof data === 'string' ? `must be a list: write [${data}]` : `must be a list, ${found}`
  if (type === 'object') return `must be a map, ${found}`
  if (type === 'integer') return `${wholeNumber(schema)}, ${found}`
  // As it stands in the file: YAML has made 900 of 0900.
  return `must be a string, ${found}${typeof data === 'number' || typeof data === 'boolean' ? ': put it in quotes' : ''}`
}

const wholeNumber = (schema: ErrorObject['parentSchema']): string => `must be a whole number from ${String(schema?.['minimum'])} to ${String(schema?.['maximum'])}`

/** What was most likely meant, or all that it can be. */
export function meant (word: unknown, known: readonly string[]): string {
  const nearest = typeof word === 'string' ? nearestWord(word, known) : undefined
  return nearest === undefined ? `known: ${known.join(', ')}` : `did you mean "${nearest}"?`
}

/** The steps of a JSON pointer (RFC 6901) through a value: those through lists are numbers. */
function pathOf (pointer: string, value: unknown): Path {
  let around = value
  return pointer.split('/').slice(1).map((token) => {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    const step = Array.isArray(around) ? Number(key) : key
    around = Array.isArray(around) ? around[Number(key)] : isRecord(around) ? around[key] : undefined
    return step
  })
}
