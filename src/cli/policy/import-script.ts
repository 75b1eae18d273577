import { dirname, isAbsolute, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { NgpilotError } from '../../errors.ts'
import { importFlags, type Imported, type ImportUse } from '../../policy/import.ts'
import { includesOf, isKamailioScript, readScripts, type ScriptFlags, type ScriptRead } from '../../policy/kamailio-script.ts'
import type { Script } from '../../policy/kamailio-names.ts'
import type { ProfileEntry } from '../../policy/schema.ts'
import { counted } from '../counted.ts'
import type { Style } from '../style.ts'
import type { ExitCode, PolicyContext } from './command.ts'
import { closing, exitCodeOf, findingsText, tokensText, type ImportReading } from './imported-text.ts'
import { readFileOf } from './read.ts'
import { yamlOf } from './yaml-text.ts'

/** A string of a script, as policy. `profile`: the name of a preset, or of a profile that is written for it. */
interface Found extends ScriptFlags { imported: Imported, profile: string }

/** All that was found in a script and the files that it includes; `missing` are those that cannot be read. */
interface Imports {
  found: Found[]
  unread: ScriptRead['unread']
  missing: readonly string[]
  profiles: Map<string, ProfileEntry>
}

/** `ngpilot policy import kamailio.cfg`: each flags string of a script and of the files that it includes. */
export async function importScript (file: string, reading: ImportReading, context: PolicyContext): Promise<ExitCode> {
  const scripts: Script[] = []
  const missing = await collect(file, scripts)
  return importScripts(scripts, missing, reading, context)
}

/** The same of scripts that have been read, or of a piece of one; the first includes the others, and `missing`, unread. */
export function importScripts (
  scripts: readonly Script[], missing: readonly string[], reading: ImportReading, { isJson, print, style }: PolicyContext,
): ExitCode {
  const { flags, unread } = readScripts(scripts)
  if (flags.length + unread.length === 0) throw new NgpilotError('bad_request', whyNothing(scripts, missing))
  const { found, profiles } = named(flags.map((one) => {
    return { ...one, imported: importFlags(one.text, optionsFor(one, reading)) }
  }))
  if (isJson) print(JSON.stringify(asJson({ found, unread, missing, profiles }), null, 2))
  else for (const line of asText({ found, unread, missing, profiles }, style)) print(line)
  return exitCodeOf(found.map(({ imported }) => imported))
}

function whyNothing ([main]: readonly Script[], missing: readonly string[]): string {
  const what = main && isKamailioScript(main.text)
    ? 'calls none of rtpengine_offer(), rtpengine_answer() and rtpengine_manage()'
    : 'is no configuration of Kamailio'
  const included = missing.length > 0 ? `; it includes what cannot be read: ${missing.join(', ')}` : ''
  return `${main?.file ?? ''} ${what}${included}. import takes kamailio.cfg, or one flags string in quotes`
}

function asJson ({ found, unread, missing, profiles }: Imports): object {
  const strings = found.map(({ imported: { read: { ng }, tokens, beyond, findings }, text, ...where }) => {
    return { ...where, string: text, ng, tokens, beyond, findings }
  })
  return { strings, unread, notIncluded: missing, ...profiles.size > 0 && { policy: policyOf(profiles) } }
}

const policyOf = (profiles: Imports['profiles']) => ({ version: 1, profiles: Object.fromEntries(profiles) })

function asText ({ found, unread, missing, profiles }: Imports, style: Style): string[] {
  const beside = [
    ...unread.map(({ file, line, name, why }) => `${style.bold(`${file}:${line}: ${name}`)}: ${why}`),
    ...missing.map((name) => `${style.yellow('not read')}: ${name}, which is included`),
  ]
  return [
    ...found.flatMap((one) => stringText(one, profiles.has(one.profile) ? 'profile' : 'preset', style)),
    ...found.length === 1 ? tokensText(found[0]?.imported.tokens ?? [], style) : [],
    ...beside, ...beside.length > 0 ? [''] : [],
    ...profiles.size > 0 ? [style.bold('As policy:'), ...policyText(found, profiles), ''] : [],
    ...new Set(found.flatMap(({ imported: { beyond } }) => beyond.map((line) => `Beyond such strings: ${line}.`))),
    summary(found, profiles), `The conditions around them become endpoints and rules. ${closing}`,
  ]
}

function stringText (one: Found, kind: 'profile' | 'preset', style: Style): string[] {
  const { file, line, column, name, calledIn, calledAt, within, text, imported, isVerbatim, profile } = one
  const whereCalled = calledIn !== file ? ` in ${calledIn}:${calledAt}` : calledAt === line ? '' : ` in line ${calledAt}`
  return [
    style.bold(`${file}:${line}:${column}: ${name}${whereCalled}`),
    ...within.length > 0 ? [`  in ${within.join(' › ')}`] : [],
    `  "${text}"`,
    `  amounts to the ${kind} ${style.green(profile)}${isVerbatim ? '; rtpengine reads the string itself' : ''}`, '',
    ...findingsText(text, imported, style).map((row) => row === '' ? '' : `  ${row}`),
  ]
}

/** Each profile with the lines that it comes from. */
function policyText (found: readonly Found[], profiles: Imports['profiles']): string[] {
  const comments = new Map([...profiles.keys()].map((name) => {
    return [name, found.filter(({ profile }) => profile === name).map(({ file, line }) => `${file}:${line}`).join(', ')]
  }))
  return yamlOf(policyOf(profiles), comments).trimEnd().split('\n').map((line) => `  ${line}`)
}

function summary (found: readonly Found[], profiles: Imports['profiles']): string {
  const faulty = found.filter(({ imported }) => imported.findings.length > 0).length
  const presets = [...new Set(found.map(({ profile }) => profile))].filter((name) => !profiles.has(name))
  const beside = presets.length > 0 ? ` beside the ${presets.length === 1 ? 'preset' : 'presets'} ${presets.join(', ')}` : ''
  return `${counted(found.length, 'string')}, ${faulty} with something wrong; ${counted(profiles.size, 'profile')}${beside}.`
}

function optionsFor ({ name, isVerbatim }: ScriptFlags, { kamailio, rtpengine, oldest }: ImportReading) {
  return { reader: isVerbatim ? rtpengine : kamailio, use: name.replace('rtpengine_', '') as ImportUse, oldest }
}

/** A file and those that it includes, each once; returns those that cannot be read. */
async function collect (file: string, scripts: Script[]): Promise<string[]> {
  if (scripts.some((script) => script.file === file) || scripts.length >= mostFiles) return []
  const text = (await readFileOf(file)).toString()
  scripts.push({ file, text })
  const missing: string[] = []
  for (const name of includesOf(text)) {
    const path = isAbsolute(name) ? name : join(dirname(file), name)
    missing.push(...await collect(path, scripts).catch((error: unknown) => {
      if (error instanceof NgpilotError) return [path]
      throw error
    }))
  }
  return missing
}

const mostFiles = 100

/** Strings that amount to a preset and nothing else need no profile; of the others the same ones share a name. */
function named (strings: Omit<Found, 'profile'>[]): { found: Found[], profiles: Map<string, ProfileEntry> } {
  const profiles = new Map<string, ProfileEntry>()
  const found = strings.map((one): Found => {
    const { profile } = one.imported
    if (Object.keys(profile).length === 1) return { ...one, profile: profile.extends }
    const known = [...profiles].find(([, other]) => isDeepStrictEqual(other, profile))?.[0]
    const base = `imported-${profile.extends}`
    const before = [...profiles.keys()].filter((name) => name === base || name.startsWith(`${base}-`)).length
    const name = known ?? (before === 0 ? base : `${base}-${before + 1}`)
    profiles.set(name, profile)
    return { ...one, profile: name }
  })
  return { found, profiles }
}
