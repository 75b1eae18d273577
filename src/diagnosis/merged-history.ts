import { type CallHistory, mostExchanges, mostSamples } from './history.ts'

/** What several instances remember of one call that each has served a part of; of what both know the later counts. */
export function mergedHistory (first: CallHistory, others: readonly CallHistory[]): CallHistory {
  if (others.length === 0) return first
  const all = [first, ...others].sort((one, other) => lastAt(one) - lastAt(other))
  const byTime = (one: { at: number }, other: { at: number }) => one.at - other.at
  const exchanges = all.flatMap((each) => each.exchanges).sort(byTime)
  return {
    ...all.reduce((merged, each) => ({ ...merged, ...each })),
    startedAt: Math.min(...all.map((each) => each.startedAt)),
    ...earliest(all, 'earlyAnswerAt'), ...earliest(all, 'answeredAt'),
    ...earliest(all, 'endedAt'), ...earliest(all, 'lostAt'),
    exchanges: exchanges.filter((_, index) => index < 2 || index >= exchanges.length + 2 - mostExchanges),
    samples: all.flatMap((each) => each.samples).sort(byTime).slice(-mostSamples),
    findings: all.flatMap((each) => each.findings).sort((one, other) => one.firstAt - other.firstAt)
      .filter(({ finding: { id, leg } }, index, seen) =>
        seen.findIndex(({ finding }) => finding.id === id && finding.leg === leg) === index),
  }
}

/** A history as another instance has sent it; undefined for what is none of this call. */
export function historyIn (text: string, callId: string): CallHistory | undefined {
  try {
    const value = JSON.parse(text) as Partial<CallHistory> | null
    const lists = [value?.exchanges, value?.samples, value?.findings]
    return value?.callId === callId && typeof value.startedAt === 'number' && lists.every(Array.isArray)
      ? value as CallHistory
      : undefined
  } catch {
    return undefined
  }
}

const lastAt = ({ exchanges, startedAt }: CallHistory): number => exchanges.at(-1)?.at ?? startedAt

function earliest (all: readonly CallHistory[], name: 'earlyAnswerAt' | 'answeredAt' | 'endedAt' | 'lostAt'): Partial<CallHistory> {
  const times = all.flatMap((each) => each[name] ?? [])
  return times.length === 0 ? {} : { [name]: Math.min(...times) }
}
