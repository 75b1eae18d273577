import type { CallReport } from '../analyze/report.ts'

/** So many calls of a trace are kept, whatever is in them. */
const mostOfAll = 20
/** Of the calls after those, for each error or warning. */
const mostOfEach = 3

/** Keeps the calls that a person wants to see of a trace: all of a few, of many those that show something new. */
export function startKeeping () {
  const kept: CallReport[] = []
  const timesKept = new Map<string, number>()
  return {
    add (call: CallReport): void {
      const ids = new Set(call.findings.filter(({ severity }) => severity !== 'note').map(({ id }) => id))
      const isNews = [...ids].some((id) => (timesKept.get(id) ?? 0) < mostOfEach)
      if (kept.length >= mostOfAll && !isNews) return
      kept.push(call)
      for (const id of ids) timesKept.set(id, (timesKept.get(id) ?? 0) + 1)
    },
    /** In the order of their first messages. */
    calls: (): CallReport[] => kept.sort((one, other) => (one.messages[0]?.number ?? 0) - (other.messages[0]?.number ?? 0)),
  }
}
