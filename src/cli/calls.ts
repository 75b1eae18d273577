import type { CallSummary, CallView } from '../calls/listing.ts'
import { ageOf } from '../fleet/table.ts'
import type { Api } from './api.ts'
import { columns } from './columns.ts'
import type { Print } from './nodes.ts'

/** `ngpilot calls [--stranded] [--node ID]`: one line a call, page after page. */
export async function showCalls (api: Pick<Api, 'calls'>, filter: { stranded?: boolean, node?: string }, print: Print): Promise<void> {
  const now = Date.now()
  const rows: string[][] = []
  for (let after: string | undefined, isMore = true; isMore;) {
    const page = await api.calls({ ...filter, ...(after !== undefined && { after }) })
    rows.push(...page.calls.map((call) => rowOf(call, now)))
    after = page.next
    isMore = after !== undefined
  }
  print(table(['CALL', 'NODE', 'STATE', 'FOR', 'LEGS', 'STRANDED'], rows))
}

function rowOf ({ callId, node, isEstablished, createdAt, legs, strandedBecause = '' }: CallSummary, now: number): string[] {
  const profiles = legs.map(({ profile = notLookedAt }) => profile).join(', ')
  return [callId, node, isEstablished ? 'established' : 'early', ageOf(now - createdAt), profiles, strandedBecause]
}

/** The legs of a call whose client is trusted. */
const notLookedAt = '-'

/** Rows under their headings. */
function table (headings: string[], rows: string[][]): string {
  return columns([headings, ...rows]).join('\n')
}

/** `ngpilot calls show ID` */
export async function showCall (api: Pick<Api, 'call'>, callId: string, print: Print): Promise<void> {
  const call = await api.call(callId)
  print(headOf(call))
  print('')
  print(table(['LEG', 'PROFILE'], call.legs.map(({ tag, profile = notLookedAt }) => [tag, profile])))
  print('')
  print(table(['BRANCH', 'CALLEE', 'STATE', 'EXCHANGE'], call.branches.map(({ branch, callee, state = 'early', exchange }) =>
    [branch, callee, state, exchange ? `${exchange.state} by the ${exchange.offerer}` : '-'])))
  print('')
  print(table(['AT', 'EVENT', 'DETAIL'], call.timeline.map(({ at, event, detail = '' }) => [new Date(at).toISOString(), event, detail])))
}

function headOf ({ callId, node, nodeState, revision, createdAt, isEstablished, strandedBecause }: CallView): string {
  const state = isEstablished ? 'established' : 'early'
  const lines = [`${callId}: ${state} since ${new Date(createdAt).toISOString()}`, `on ${node} (${nodeState}), policy revision ${revision}`]
  return [...lines, ...(strandedBecause === undefined ? [] : [`stranded: ${strandedBecause}`])].join('\n')
}
