import { NgpilotError } from '../errors.ts'

/** Keeps the turn of a call beyond the task's own end, until the promise has settled. */
export type Hold = (rest: Promise<unknown>) => void

/**
 * Runs the tasks of one call one after another, those of different calls side by side. rtpengine works on commands in
 * parallel and in any order; two of one call at a time could end in a state that neither asked for.
 *
 * @returns a function that resolves with the task's result. It throws NgpilotError `ng_timeout` when the turn has not come
 *   by the deadline; the task then never runs.
 */
export function createSerial () {
  const tails = new Map<string, Promise<unknown>>()

  return async function serial<T> (callId: string, deadline: number, task: (hold: Hold) => Promise<T>): Promise<T> {
    const before = tails.get(callId)
    let rest: Promise<unknown> | undefined
    const mine = run()
    // All three: a task that gave up waiting must not let the next one overtake.
    const tail = end()
    tails.set(callId, tail)
    return mine

    async function end (): Promise<void> {
      await before
      await mine.then(ignore, ignore)
      await rest
      if (tails.get(callId) === tail) tails.delete(callId)
    }

    async function run (): Promise<T> {
      if (before) await inTime(before, deadline)
      return task((held) => { rest = Promise.allSettled([rest, held]) })
    }
  }
}

const ignore = () => undefined

async function inTime (before: Promise<unknown>, deadline: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new NgpilotError('ng_timeout', 'an earlier command of the same call was not done before the deadline'))
    }, Math.max(0, deadline - performance.now()))
  })
  try {
    await Promise.race([before, late])
  } finally {
    clearTimeout(timer)
  }
}
