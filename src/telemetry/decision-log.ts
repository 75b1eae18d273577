import { createWriteStream } from 'node:fs'
import type { Logger } from './log.ts'

export interface DecisionLogOptions {
  /** Which decisions are logged. */
  log: 'off' | 'sampled' | 'full'
  /** Of `sampled`: so many of a hundred. */
  samplePercent: number
  /** A file that gets the facts of every decision as a line of JSON, for `ngpilot policy replay`. */
  recordFile?: string
}

/** How much may wait for a slow disk; what is more is not recorded. */
const mostWaiting = 1024 * 1024

/** Told of each decision; `record` is only made for who wants it. */
export function createDecisionLog ({ log: mode, samplePercent, recordFile }: DecisionLogOptions, log: Pick<Logger, 'info' | 'error'>) {
  const file = recordFile === undefined ? undefined : createWriteStream(recordFile, { flags: 'a', mode: 0o640 })
  let isBroken = false
  file?.on('error', (error) => {
    isBroken = true
    log.error({ problem: error.message, recordFile }, 'decisions cannot be recorded')
  })
  return {
    decided (line: object, record: () => object): void {
      if (mode === 'full' || (mode === 'sampled' && Math.random() * 100 < samplePercent)) log.info(line, 'decision')
      if (file && !isBroken && file.writableLength < mostWaiting) file.write(`${JSON.stringify(record())}\n`)
    },
    close: async () => file && !isBroken ? new Promise<void>((resolve) => { file.end(resolve) }) : undefined,
  }
}
