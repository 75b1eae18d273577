import type { ErrorObject } from 'ajv'
import { nearestWord } from '../nearest-word.ts'
import { type SchemaCheck, schemaCheck } from '../schema-check.ts'
import { formats, isOfFormat } from './formats.ts'
import { isRecord, shown, type Finding, type Path } from './problem.ts'
import { PolicyFile } from './schema.ts'

const wrongInPolicyFile = schemaCheck(PolicyFile, { formats: isOfFormat })

/** Every place where a file has not the shape of the schema. */
export const checkShape = (value: unknown): Finding[] => checkShapeOf(wrongInPolicyFile, value)

/** The same for another kind of file. */
export function checkShapeOf (check: SchemaCheck, value: unknown): Finding[] {
  const errors = check(value)
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf')
  const told = errors.filter((error) => tells(error) && choices.every((choice) => isOfBranch(error, choice)))
  return told.map((error) => findingOf(error, pathOf(error.instancePath, value)))
}

function tells ({ keyword, parentSchema }: ErrorObject): boolean {
  return keyword !== 'anyOf' && !(keyword === 'type' && parentSchema?.['const'] !== undefined)
}

/** "One, a list or a map" fails in every branch; only the one of the value's type tells anything. */
function isOfBranch (error: ErrorObject, { schemaPath, instancePath, data, schema }: ErrorObject): boolean {
  if (!error.schemaPath.startsWith(`${schemaPath}/`) || !error.instancePath.startsWith(instancePath)) return true
  const branch = Number(/^\d+/.exec(error.schemaPath.slice(schemaPath.length + 1))?.[0])
  const types = (schema as { type?: string }[]).map(({ type = 'string' }) => type)
  const own = types.indexOf(Array.isArray(data) ? 'array' : isRecord(data) ? 'object' : 'string')
  return branch === Math.max(own, 0)
}

function findingOf ({ keyword, params, data, parentSchema }: ErrorObject, path: Path): Finding {
  const wrong = (message: string): Finding => ({ path, at: 'value', message })
  const found = shown(data)
  switch (keyword) {
    case 'additionalProperties': {
      const known = isRecord(parentSchema?.['properties']) ? parentSchema['properties'] : {}
      const key = String(params['additionalProperty'])
      return { path: [...path, key], at: 'key', message: `unknown key; ${ofLeg(key, known) ?? meant(key, Object.keys(known))}` }
    }
    case 'required': return wrong(`lacks "${String(params['missingProperty'])}"${hints[String(params['missingProperty'])] ?? ''}`)
    case 'enum': return wrong(`${found} is unknown; ${meant(data, params['allowedValues'] as string[])}`)
    case 'const': return wrong(`must be ${shown(params['allowedValue'])}, found ${found}`)
    case 'format': return wrong(formats[String(params['format'])]?.wrong(found) ?? `${found} is not right`)
    case 'minItems': return wrong('the list is empty; leave the key out instead')
    case 'minProperties': return wrong('the map is empty; leave the key out instead')
    case 'uniqueItems': return wrong(`has ${shown(Array.isArray(data) ? data[Number(params['i'])] : data)} twice`)
    case 'minimum':
    case 'exclusiveMinimum':
    case 'maximum': return wrong(`${numberOf(parentSchema)}, found ${found}`)
    case 'minLength': return wrong('the text is empty; leave the key out instead')
    case 'maxLength': return wrong(`has more than ${String(parentSchema?.['maxLength'])} characters`)
    default: return wrong(ofType(String(params['type']), data, parentSchema))
  }
}

/** Of a key that stands one level too high in a rule: what is said of one leg. */
function ofLeg (key: string, known: Record<string, unknown>): string | undefined {
  const [leg, ...others] = ['caller', 'callee', 'sender', 'receiver'].filter((name) => {
    const schema = isRecord(known[name]) ? known[name] : {}
    const shapes: unknown[] = Array.isArray(schema['anyOf']) ? schema['anyOf'] : [schema]
    return shapes.some((shape) => isRecord(shape) && isRecord(shape['properties']) && Object.hasOwn(shape['properties'], key))
  })
  return leg && `it is said of a leg: write ${leg}: { ${key}: … }, or the same of ${others.join(', ')}`
}

const hints: Record<string, string> = {
  version: ': write "version: 1"',
  extends: ': the preset or profile that it builds on',
  profile: ': the name of a preset or profile',
}

function ofType (type: string, data: unknown, schema: ErrorObject['parentSchema']): string {
  const found = `found ${shown(data)}`
  if (type === 'array') return typeof data === 'string' ? `must be a list: write [${data}]` : `must be a list, ${found}`
  if (type === 'object') return `must be a map, ${found}`
  if (type === 'integer' || type === 'number') return `${numberOf(schema)}, ${found}`
  if (type === 'boolean') return `must be true or false, ${found}`
  // As it stands in the file: YAML has made 900 of 0900.
  return `must be a string, ${found}${typeof data === 'number' || typeof data === 'boolean' ? ': put it in quotes' : ''}`
}

function numberOf (schema: ErrorObject['parentSchema']): string {
  const { type, minimum, exclusiveMinimum, maximum } = schema as Record<string, string | undefined>
  const from = minimum === undefined ? `above ${String(exclusiveMinimum)},` : `from ${minimum}`
  return `must be a ${type === 'integer' ? 'whole ' : ''}number ${from} to ${String(maximum)}`
}

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
