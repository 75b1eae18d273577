import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { analyze } from '../analyze/analyze.ts'
import { hintsOf } from '../analyze/hints.ts'
import { type CallReport, reportOf } from '../analyze/report.ts'
import { NgpilotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import { startJson } from './analysis-json.ts'
import { analysisText } from './analysis-text.ts'
import { startKeeping } from './kept-calls.ts'
import { styleFor } from './style.ts'
import { optionMistake } from './unknown-option.ts'

/** Where a command writes to, and what it reads when the file is `-`. */
export interface AnalyzeIo {
  isTerminal: boolean
  /** Of the terminal; undefined where output goes to none. */
  columns: number | undefined
  env: NodeJS.ProcessEnv
  write: (text: string) => void
  writeError: (text: string) => void
  input: AsyncIterable<Buffer>
}

const progressEveryMs = 1000
const defaultColumns = 100

export const analyzeUsage = `ngpilot analyze FILE… [--leg KIND | --leg ADDRESS=KIND]… [--call CALL-ID] [--json]

What is wrong with the calls in a trace: a capture (pcap, pcapng, with HEP in it too), a log with SIP in it (sngrep, ngrep,
Homer, Kamailio's xlog, Asterisk, FreeSWITCH), a table of SIP messages (sip_trace of Kamailio's siptrace as CSV, as mysql
--batch writes it or with \\G), or one SDP or an offer and its answer. FILE is - for standard input.

  --leg KIND           what endpoints are that cannot be recognised: web (a browser), plain, sdes, dtls or osrtp
  --leg ADDRESS=KIND   what the endpoint at an address, or address:port, is
  --call CALL-ID       this call alone; of a trace with many the rest is counted, and only calls with something new are shown
  --json               the report as JSON, every call in it
  --help

The exit status is 1 when an error was found, 2 when the file cannot be read.
`

/** `ngpilot analyze`. @returns the exit status */
export async function analyzeCommand (args: string[], io: AnalyzeIo): Promise<number> {
  try {
    const { values, positionals } = readArguments(args)
    if (values.help) {
      io.write(analyzeUsage)
      return 0
    }
    if (positionals.length === 0) throw new NgpilotError('bad_request', `no file\n\n${analyzeUsage}`)
    const progress = progressFor(io, await sizeOf(positionals))
    const onProgress = (bytes: number, messages: number) => { progress.tell(bytes, messages) }
    const kept = startKeeping()
    const json = startJson(io.write)
    let status = 0
    const onCall = (call: CallReport) => {
      if (values.call !== undefined && !call.callIds.includes(values.call)) return
      if (hasError(call.findings)) status = 1
      if (values.json) json.add(call)
      else kept.add(call)
    }
    const options = { hints: hintsOf(values.leg ?? []), onProgress, onCall }
    const report = reportOf(await analyze(bytesOf(positionals, io), options))
    progress.end()
    const look = { width: io.columns ?? defaultColumns, style: styleFor(io.isTerminal, io.env) }
    if (values.json) json.end(report)
    else io.write(analysisText({ ...report, calls: kept.calls() }, look, values.call))
    return hasError(report.sdps?.findings ?? []) ? 1 : status
  } catch (error) {
    io.writeError(`ngpilot: ${error instanceof NgpilotError || isFileError(error) ? error.message : String((error as Error).stack)}\n`)
    return 2
  }
}

function readArguments (args: string[]) {
  const options = { leg: { type: 'string', multiple: true }, call: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
  try {
    return parseArgs({ args, allowPositionals: true, options })
  } catch (error) {
    throw new NgpilotError('bad_request', `${optionMistake(error, options)}\n\n${analyzeUsage}`)
  }
}

/** Several files one after the other, as an offer and its answer in two. */
async function* bytesOf (files: string[], { input }: AnalyzeIo): AsyncGenerator<Buffer> {
  for (const file of files) yield* file === '-' ? input : createReadStream(file) as AsyncIterable<Buffer>
}

async function sizeOf (files: string[]): Promise<number> {
  const sizes = await Promise.all(files.filter((file) => file !== '-').map(async (file) => {
    const found = await stat(file).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new NgpilotError('bad_request', `there is no file "${file}"`)
      throw error
    })
    if (found.isDirectory()) throw new NgpilotError('bad_request', `${file} is a directory; analyze takes a file`)
    return found.size
  }))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** How far it is, on a line of its own, for a person who waits for more than a moment. */
function progressFor ({ isTerminal, writeError }: AnalyzeIo, size: number) {
  let told = Date.now()
  let isShown = false
  return {
    tell (bytes: number, messages: number) {
      if (!isTerminal || Date.now() - told < progressEveryMs) return
      told = Date.now()
      isShown = true
      const share = size > 0 ? `${Math.floor(bytes / size * 100)} % of ${Math.ceil(size / 1e6)} MB` : `${Math.floor(bytes / 1e6)} MB`
      writeError(`\r${share}, ${messages} SIP messages\x1b[K`)
    },
    end () { if (isShown) writeError('\r\x1b[K') },
  }
}

function hasError (findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error')
}

function isFileError (error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error
}
