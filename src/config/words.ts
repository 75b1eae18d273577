import { NgpilotError } from '../errors.ts'
import { nearestWord } from '../nearest-word.ts'
import { leaves, type SettingSchema } from './settings.ts'

/** Where a value is: section, setting and, in a list, index and key. */
export type Path = (string | number)[]

/** A map as it was read, not checked yet. */
export type Tree = Record<string, unknown>

/** The nearest of `known`, where one is near; or else a setting of that name elsewhere; or else what there is. */
export function suggestion (word: string, known: string[], path: Path = []): string {
  const nearest = nearestWord(word, known)
  if (nearest !== undefined) return `; did you mean ${nameOf([...path, nearest])}?`
  const elsewhere = leaves.flatMap(({ key, name, env }) =>
    key === word ? [name] : word.startsWith('NGPILOT_') && env.endsWith(word.slice('NGPILOT'.length)) ? [env] : [])
  if (elsewhere.length > 0) return `; did you mean ${listOf(elsewhere)}?`
  return known.length < leaves.length ? `; known here: ${known.join(', ')}` : ''
}

/** What a right value is. */
export function expectation (schema: SettingSchema): string {
  if (schema.expects) return schema.expects
  if (schema.enum) return listOf(schema.enum)
  if (schema.type === 'integer') return `a whole number from ${schema.minimum ?? '…'} to ${schema.maximum ?? '…'}`
  return `a map of ${Object.keys(schema.properties ?? {}).join(', ')}`
}

/** A value for a message: a secret by its length, a map or list (a secret may stand where it should not) by its kind. */
export function shown (value: unknown, schema: SettingSchema): string {
  if (typeof value === 'string' && schema.writeOnly) return `${value.length} characters (hidden)`
  if (schema.writeOnly || schema.type === 'object' || typeof value === 'object') return kindOf(value)
  if (typeof value !== 'string') return JSON.stringify(value)
  return JSON.stringify(value.replace(/^(\w+:\/\/)?.*@/s, '$1***@').replace(/\?.*/s, '?***'))
}

/** What a value is, without showing it. */
export function kindOf (value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as string] ?? 'a map'
}

/** `rtpengine.nodes[0].address` */
export function nameOf (path: Path): string {
  return path.reduce<string>((name, key) => /^\d+$/.test(String(key)) ? `${name}[${key}]` : `${name}${name && '.'}${key}`, '')
}

export function listOf (words: string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`
}

export function isTree (value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The error that tells of all problems. */
export function invalid (problems: string[], cause?: unknown): NgpilotError {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  return new NgpilotError('config_invalid', `the configuration has ${count}:\n${problems.map((line) => `  ${line}`).join('\n')}`, { cause })
}
