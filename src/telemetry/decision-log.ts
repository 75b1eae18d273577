import { createWriteStream } from 'node:fs'
import type { Logger } from './log.ts'

export interface DecisionLogOptions {
  /** Which decisions are logged. */
  log: 'off' | 'sampled' | 'full'
  /** Of `sampled`: those of so many calls of a hundred. */
  samplePercent: number
  /** A file that gets the facts of every decision as a line of JSON, for `ngpilot policy replay`. */
  recordFile?: string
}

/** How much may wait for a slow disk; what is more is not recorded. */
const mostWaiting = 1024 * 1024

/** Told of each decision; `share`, where its call stands from 0 to 100, and `record` are only made for who wants them. */
export function createDecisionLog ({ log: mode, samplePercent, recordFile }: DecisionLogOptions, log: Pick<Logger, 'info' | 'error'>) {
  const file = recordFile === undefined ? undefined : createWriteStream(recordFile, { flags: 'a', mode: 0o640 })
  let isBroken = false
  file?.on('error', (error) => {
    isBroken = true
    log.error({ problem: error.message, recordFile }, 'decisions cannot be recorded')
  })
  return {
    decided (line: object, share: () => number, record: () => object): void {
      if (mode === 'full' || (mode === 'sampled' && share() < samplePercent)) log.info(line, 'decision')
      if (file && !isBroken && file.writableLength < mostWaiting) file.write(`${JSON.stringify(record())}\n`)
    },
    close: async () => file && !isBroken ? new Promise<void>((resolve) => { file.end(resolve) }) : undefined,
  }
}
