/** One way to have a command of a call done: `command` is offer, answer or delete, `call` the number of the call. */
export interface Target {
  name: string
  run (command: Command, call: string, lane: number): Promise<void>
}

export const commands = ['offer', 'answer', 'delete'] as const
export type Command = typeof commands[number]

/**
 * `refused`: calls that could not be made. With many in flight rtpengine 12.5 says "Ran out of ports" too early; ngpilot is
 * overloaded where the machine has other things to do.
 */
export interface Measured { callsPerSecond: number, latenciesMs: Record<Command, number[]>, refused: number }

/** Makes `count` calls, `lanes` of them at a time, each with its offer, answer and delete in a row. */
export async function makeCalls (target: Target, prefix: string, count: number, lanes: number): Promise<Measured> {
  const latenciesMs: Measured['latenciesMs'] = { offer: [], answer: [], delete: [] }
  let next = 0
  let refused = 0
  const lane = async (number: number) => {
    while (next < count) {
      const call = `${prefix}-${next++}`
      try {
        for (const command of commands) {
          const started = performance.now()
          await target.run(command, call, number)
          latenciesMs[command].push(performance.now() - started)
        }
      } catch (error) {
        if (!(error instanceof Error && /Ran out of ports|overloaded|more to do/.test(error.message))) throw error
        refused++
      }
    }
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
  return { callsPerSecond: (count - refused) / ((performance.now() - started) / 1000), latenciesMs, refused }
}
