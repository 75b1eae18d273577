import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { asNgpilotError, type ErrorCode, NgpilotError } from '../errors.ts'
import { startThread } from '../thread.ts'
import { analyze } from './analyze.ts'
import { hintsOf } from './hints.ts'
import { type Report, reportOf } from './report.ts'

export interface AsideLimits {
  /** Milliseconds that it may take, start of the thread included. */
  mostMs?: number
  /** Megabytes of heap. */
  mostMegabytes?: number
}

interface Work { mark: typeof marker, bytes: Uint8Array, legs: readonly string[] }
type Told = { report: Report } | { code: ErrorCode, message: string }

const marker = 'ngpilot trace'
const chunkBytes = 65_536

/**
 * Analyzes a trace in a thread of its own, so that nothing in it keeps calls waiting.
 *
 * @param legs what endpoints are, as `hintsOf` reads it
 * @throws NgpilotError `bad_request`; `too_large` for a trace that takes more time or memory than it may
 */
export async function analyzeAside (
  bytes: Uint8Array, legs: readonly string[], { mostMs = 15_000, mostMegabytes = 256 }: AsideLimits = {},
): Promise<Report> {
  const work: Work = { mark: marker, bytes, legs }
  const resourceLimits = { maxOldGenerationSizeMb: mostMegabytes }
  const thread = startThread(import.meta.url, { workerData: work, resourceLimits })
  const tooMuch = (what: string) => {
    return new NgpilotError('too_large', `the trace takes more than ${what}; look at it with ngpilot analyze FILE`)
  }
  let timer: NodeJS.Timeout | undefined
  try {
    const told = await new Promise<Told>((resolve, reject) => {
      timer = setTimeout(() => { reject(tooMuch(`${mostMs / 1000} s`)) }, mostMs)
      thread.once('message', resolve)
      thread.once('error', (error: Error & { code?: string }) => {
        reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMuch(`${mostMegabytes} MB of memory`) : error)
      })
      thread.once('exit', () => { reject(new Error('the thread that looks at a trace ended without a word')) })
    })
    if ('report' in told) return told.report
    throw new NgpilotError(told.code, told.message)
  } finally {
    clearTimeout(timer)
    await thread.terminate()
  }
}

async function work ({ bytes, legs }: Work): Promise<Told> {
  try {
    const chunks = slices(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    return { report: reportOf(await analyze(chunks, { hints: hintsOf(legs) })) }
  } catch (error) {
    const { code, message } = asNgpilotError(error)
    if (code === 'internal') throw error
    return { code, message }
  }
}

async function* slices (bytes: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve()
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}

const given = workerData as Partial<Work> | null
if (!isMainThread && given?.mark === marker) void work(given as Work).then((told) => { parentPort?.postMessage(told) })
