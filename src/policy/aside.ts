import { MessageChannel, type MessagePort, parentPort, type Worker, workerData } from 'node:worker_threads'
import { startThread } from '../thread.ts'
import { forgetExpressions } from './expression.ts'
import { lintPolicy } from './lint.ts'
import type { LintFinding } from './lint-finding.ts'
import { checkSources, policyFrom, problemsIn } from './load.ts'
import { isRecord, problemText, type Path } from './problem.ts'
import { runTests } from './run-tests.ts'
import type { PolicyFile } from './schema.ts'
import { parseSources, type PolicySource } from './source.ts'
import type { PolicyText } from './texts.ts'
import type { PolicyProblem } from './problem.ts'

/** One file that has been found good: what it says, and line and column of what decisions come from, by {@link placeKey}. */
export interface GoodFile {
  file: string
  name: string
  text: string
  value: PolicyFile
  places: Map<string, [line: number, column: number]>
}

/** What is wrong with some files, undefined for nothing: their problems, or else the tests that fail. */
export type Verdict = string | undefined

type Texts = readonly (PolicyText | PolicyProblem)[]

/**
 * Parses and checks a policy and runs its tests in a thread of its own, for that takes a hundred milliseconds with a
 * thousand rules, and requests must not wait. What comes back only needs to be compiled; it comes by `found` once it has no
 * problem, so that this can be done while the tests run. The thread is kept for the next time, and ends with the process.
 */
export async function judgeAside (texts: Texts, found: (files: GoodFile[]) => void): Promise<Verdict> {
  return ask<Verdict>({ texts }, (told, resolve) => {
    if ('files' in told) found(told.files)
    else if ('verdict' in told) resolve(told.verdict)
  })
}

/** What the lint says of good files, in that thread too: at first it takes 0.4 s. No process that ends waits for it. */
export async function lintAside (texts: Texts): Promise<LintFinding[]> {
  return ask<LintFinding[]>({ texts, isLint: true }, (told, resolve) => { if ('findings' in told) resolve(told.findings) })
}

function lint (texts: Texts): LintFinding[] {
  const { policy, sources } = checkSources(parseSources(texts))
  return policy ? lintPolicy(policy, sources) : []
}

async function ask<Answer> (work: Omit<Work, 'port'>, hear: (told: Told, resolve: (answer: Answer) => void) => void): Promise<Answer> {
  const thread = running ??= startThread(import.meta.url, { workerData: { [marker]: true } })
  thread.unref()
  return new Promise<Answer>((resolve, reject) => {
    const { port1, port2 } = new MessageChannel()
    // While it is listened to, a port keeps the process; the thread does not.
    port1.on('message', (told: Told) => {
      hear(told, (answer) => {
        port1.close()
        resolve(answer)
      })
    })
    if (work.isLint === true) port1.unref()
    const failed = (error?: unknown) => {
      running = undefined
      port1.close()
      reject(error instanceof Error ? error : new Error('the thread that checks the policy ended without a word'))
    }
    thread.once('error', failed).once('exit', failed)
    port1.once('close', () => thread.off('error', failed).off('exit', failed))
    thread.postMessage({ ...work, port: port2 }, [port2])
  })
}

interface Work { texts: Texts, isLint?: boolean, port: MessagePort }
type Told = { files: GoodFile[] } | { verdict: Verdict } | { findings: LintFinding[] }

let running: Worker | undefined
const marker = 'ngpilot policy'

/** The same in this thread. */
export function judge (texts: Texts, found: (files: GoodFile[]) => void): Verdict {
  forgetExpressions()
  const read = parseSources(texts)
  const { tests, problems } = problemsIn(read)
  if (problems.length > 0) return problems.map(problemText).join('\n')
  found(read.sources.map((source) => {
    const { file, name, text, value } = source
    return { file, name, text, value: value as PolicyFile, places: placesOf(source) }
  }))
  if (tests.length === 0) return undefined
  const failed = runTests(policyFrom(read.sources), tests).filter(({ failures }) => failures.length > 0)
  if (failed.length === 0) return undefined
  return failed.map(({ test: { name, place }, failures }) => problemText({ ...place, message: `test "${name}" fails: ${failures.join('; ')}` })).join('\n')
}

/** The place of a value in a file that has been judged. */
export const placeKey = (path: Path): string => path.join('\n')

/** Of all that a decision can come from: a profile's settings, an endpoint, a rule and what it sets. */
function placesOf ({ value, place }: PolicySource): GoodFile['places'] {
  const places: GoodFile['places'] = new Map()
  const note = (path: Path): void => {
    const { line, column } = place({ path, at: 'value', message: '' })
    places.set(placeKey(path), [line, column])
  }
  const walk = (node: unknown, path: Path, depth: number): void => {
    note(path)
    if (depth > 0 && isRecord(node)) for (const [key, each] of Object.entries(node)) walk(each, [...path, key], depth - 1)
  }
  const { profiles = {}, endpoints = [], rules = [] } = value as PolicyFile
  note([])
  for (const [name, profile] of Object.entries(profiles)) walk(profile, ['profiles', name], 2)
  for (const index of endpoints.keys()) note(['endpoints', index])
  for (const [index, { set }] of rules.entries()) {
    for (const key of [[], ['offer-flags'], ['answer-flags'], ['reject']]) note(['rules', index, ...key])
    walk(set, ['rules', index, 'set'], 3)
  }
  return places
}

const given = workerData as Record<string, unknown> | null
if (given && Object.hasOwn(given, marker)) {
  parentPort?.on('message', ({ texts, isLint, port }: Work) => {
    const tell = (told: Told) => port.postMessage(told)
    if (isLint) tell({ findings: lint(texts) })
    else tell({ verdict: judge(texts, (files) => tell({ files })) })
  })
}
