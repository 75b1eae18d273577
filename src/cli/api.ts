import { type ErrorCode, NgpilotError } from '../errors.ts'
import type { CallSummary, CallView } from '../calls/listing.ts'
import type { CallExplanation } from '../diagnosis/explanation.ts'
import type { NodeView } from '../fleet/node.ts'
import type { DecisionExplanation } from '../policy/explanation.ts'
import type { PolicyStatus } from '../policy/holder.ts'

/** The HTTP API of a running ngpilot, as the commands use it. */
export interface Api {
  nodes (): Promise<NodeView[]>
  explain (callId: string): Promise<CallExplanation>
  /** The policy decisions on a call, the oldest first. */
  decisions (callId: string): Promise<DecisionExplanation[]>
  /** Which policy decides, once the verb is done. */
  policy (verb?: 'reload' | 'canary' | 'promote' | 'rollback', body?: object): Promise<PolicyStatus>
  setNode (id: string, verb: 'drain' | 'enable' | 'disable'): Promise<NodeView>
  /** A page of the running calls; `next` leads to the one after it. */
  calls (filter: { stranded?: boolean, node?: string, after?: string }): Promise<{ calls: CallSummary[], next?: string }>
  call (callId: string): Promise<CallView>
}

/** @throws NgpilotError from each call: the server's own words, or `internal` when nobody answers at `url`. */
export function connectApi (address: string, token: string | undefined): Api {
  if (!/^https?:\/\//.test(address)) throw new NgpilotError('bad_request', `--url must begin with http:// or https://; found "${address}"`)
  const url = address.replace(/\/+$/, '')

  async function ask (method: string, path: string, sent?: object): Promise<unknown> {
    const headers = {
      ...token !== undefined && { authorization: `Bearer ${token}` }, ...sent && { 'content-type': 'application/json' },
    }
    const body = sent && { body: JSON.stringify(sent) }
    const reply = await fetch(`${url}${path}`, { method, headers, ...body, signal: AbortSignal.timeout(5000) }).catch((error: unknown) => {
      throw new NgpilotError('internal', `ngpilot does not answer at ${url}; is it running, and is the address right?`, { cause: error })
    })
    const said = await reply.json().catch(() => undefined) as { detail?: string, code?: ErrorCode } | undefined
    if (reply.ok) return said
    throw new NgpilotError(said?.code ?? 'internal', said?.detail ?? `${url} answers with ${reply.status}; it is no ngpilot`)
  }

  return {
    policy: async (verb, body) => {
      const asked = verb === undefined ? ask('GET', '/v1/policy') : ask('POST', `/v1/policy/${verb}`, body)
      return await asked as PolicyStatus
    },
    nodes: async () => (await ask('GET', '/v1/nodes') as { nodes: NodeView[] }).nodes,
    explain: async (callId) => await ask('GET', `/v1/calls/${encodeURIComponent(callId)}/diagnosis`) as CallExplanation,
    decisions: async (callId) => {
      return (await ask('GET', `/v1/calls/${encodeURIComponent(callId)}/decisions`) as { decisions: DecisionExplanation[] }).decisions
    },
    setNode: async (id, verb) => await ask('POST', `/v1/nodes/${encodeURIComponent(id)}/${verb}`) as NodeView,
    calls: async ({ stranded, node, after }) => {
      const query = new URLSearchParams({
        limit: '1000', ...(stranded && { stranded: 'true' }), ...(node !== undefined && { node }), ...(after !== undefined && { after }),
      })
      return await ask('GET', `/v1/calls?${query.toString()}`) as { calls: CallSummary[], next?: string }
    },
    call: async (callId) => await ask('GET', `/v1/calls/${encodeURIComponent(callId)}`) as CallView,
  }
}
