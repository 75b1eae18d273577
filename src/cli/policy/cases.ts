import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { openingFacts } from '../../calls/facts.ts'
import { NgpilotError } from '../../errors.ts'
import type { Result } from '../../policy/compare.ts'
import { FactsEntry, factsFrom } from '../../policy/facts-file.ts'
import { isKamailioScript } from '../../policy/kamailio-script.ts'
import { isRecord, problemText } from '../../policy/problem.ts'
import { checkShapeOf } from '../../policy/shape.ts'
import { parseSources } from '../../policy/source.ts'
import { readTests } from '../../policy/test-file.ts'
import type { CallFacts } from '../../policy/types.ts'
import { schemaCheck } from '../../schema-check.ts'
import { parseSdp } from '../../sdp/parse.ts'
import { factsOf } from '../../sip/facts.ts'
import { readHop } from '../../sip/hop.ts'
import { parseSipMessage } from '../../sip/message.ts'
import type { PolicyContext } from './command.ts'
import { readFileOf } from './read.ts'

/** A message to decide on, wherever it comes from. `before`: what was decided, where that was recorded. */
export interface Case { name: string, facts: CallFacts, before?: Result }

export interface CaseOptions {
  /** The headers that the policies look at, in lower case. */
  headers: readonly string[]
  /** `--source`, `--destination` and `--vars`, for a SIP message. */
  values: PolicyContext['values']
  /** Told of what a record holds beside decisions. */
  note: (line: string) => void
  /** What the command takes, for a file that is something else: `a SIP message, facts`. */
  takes: string
}

/** Options of commands that take a SIP message. */
export const hopOptions = { source: { type: 'string' }, destination: { type: 'string' }, vars: { type: 'string' } } as const
export const hopUsage: [string, string][] = [
  ['--source URI, --destination URI', 'for a SIP message: where it came from and goes to, sip:192.0.2.1:5060;transport=tls'],
  ['--vars HINTS', 'for a SIP message: hints of the script, trunk=acme; region=eu'],
]

/** Arguments as directories (policies), files, and words that are neither. */
export async function sorted (args: readonly string[]): Promise<Record<'directories' | 'files' | 'others', string[]>> {
  const found: Awaited<ReturnType<typeof sorted>> = { directories: [], files: [], others: [] }
  for (const arg of args) {
    const is = await stat(arg).catch(() => undefined)
    found[is?.isDirectory() ? 'directories' : is ? 'files' : 'others'].push(arg)
  }
  return found
}

/**
 * The messages of a file: a record of decisions (lines of JSON), a SIP message, tests of a policy, or the facts of one
 * message or of a list of them, in the words that tests have.
 *
 * @throws NgpilotError `bad_request` with the place of what is wrong
 */
export async function* readCases (file: string, options: CaseOptions): AsyncGenerator<Case> {
  const [head, ...more] = await startOf(file)
  const wrong = (what: string) => new NgpilotError('bad_request', `${file} ${what}; this takes ${options.takes}`)
  if (head === undefined) throw wrong('is empty')
  if (/^([A-Z]+ \S+ SIP\/2\.0|SIP\/2\.0 \d{3} .*)\r?$/.test(head)) yield await sipCase(file, options)
  // The first line may have been cut off when the file was taken away.
  else if ([head, ...more].some(isJson)) yield* recordCases(file, options)
  else if (isKamailioScript([head, ...more].join('\n'))) {
    throw wrong('is a configuration of Kamailio; "ngpilot policy import" reads the flags in it')
  } else yield* yamlCases(file, (await readFileOf(file)).toString())
}

const wrongInFacts = schemaCheck(FactsEntry)

/** The lines of its first 64 KB that are not empty. */
async function startOf (file: string): Promise<string[]> {
  const input = createReadStream(file, { end: 65_535 })
  const lines: string[] = []
  try {
    for await (const line of createInterface({ input })) if (line.trim() !== '') lines.push(line)
    return lines
  } catch (error) {
    throw new NgpilotError('bad_request', `${file} cannot be read: ${(error as Error).message}`)
  } finally {
    input.destroy()
  }
}

function isJson (line: string): boolean {
  return recordIn(line) !== undefined
}

type Recorded = Result & { id?: string, facts: FactsEntry }

function recordIn (line: string): Recorded | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const isWhole = isRecord(value) && wrongInFacts(value['facts']).length === 0 && isRecord(value['flags']) && typeof value['sender'] === 'string'
      && typeof value['receiver'] === 'string' && typeof value['revision'] === 'string'
    return isWhole ? value as unknown as Recorded : undefined
  } catch {
    return undefined
  }
}

/** A record may be as long as a month, so it is never held whole. Its last line may be cut short. */
async function* recordCases (file: string, { note }: CaseOptions): AsyncGenerator<Case> {
  let number = 0
  const odd: number[] = []
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number++
    const record = line === '' ? undefined : recordIn(line)
    if (!record) {
      odd.push(number)
      continue
    }
    const { id = `line ${number}`, facts, ...before } = record
    yield { name: id, facts: factsFrom(facts), before }
  }
  if (odd.length > 0) note(`${file}: left out ${odd.length} of ${number} lines, which are no records of decisions; the first is line ${odd[0] ?? 0}`)
}

/** An INVITE and what else a caller's side sends is an offer, a reply the answer to it. */
async function sipCase (file: string, { headers, values }: CaseOptions): Promise<Case> {
  const text = (key: string) => typeof values[key] === 'string' ? values[key] : undefined
  try {
    const { sdp, ...request } = factsOf(parseSipMessage(await readFileOf(file)))
    const hop = readHop({ source: text('source'), destination: text('destination'), vars: text('vars') }, (key) => `--${key}`)
    const facts = openingFacts({ headers }, { ...request, ...hop, deadline: 0 }, undefined, sdp && parseSdp(sdp))
    return { name: file, facts: request.sip.status === undefined ? facts : { ...facts, command: 'answer', caller: 'receiver' } }
  } catch (error) {
    if (!(error instanceof NgpilotError)) throw error
    throw new NgpilotError('bad_request', `${file}: ${error.message}`)
  }
}

function* yamlCases (file: string, text: string): Generator<Case> {
  const { sources, tests, problems } = parseSources([{ file, text }])
  const source = [...sources, ...tests][0]
  if (!source) throw new NgpilotError('bad_request', problems.map(problemText).join('\n'))
  if (isRecord(source.value) && Object.hasOwn(source.value, 'tests')) {
    const read = readTests(source)
    if (read.problems.length > 0) throw new NgpilotError('bad_request', read.problems.map(problemText).join('\n'))
    for (const { name, facts } of read.tests) yield { name, facts }
    return
  }
  const entries: [unknown, (string | number)[]][] = Array.isArray(source.value)
    ? source.value.map((entry: unknown, index) => [entry, [index]])
    : [[source.value, []]]
  for (const [entry, path] of entries) {
    const findings = checkShapeOf(wrongInFacts, entry)
    const wrong = findings.map((finding) => problemText(source.place({ ...finding, path: [...path, ...finding.path] })))
    if (wrong.length > 0) throw new NgpilotError('bad_request', wrong.join('\n'))
    yield { name: path.length > 0 ? `${file}[${path.join('')}]` : file, facts: factsFrom(entry as FactsEntry, Date.now()) }
  }
}
