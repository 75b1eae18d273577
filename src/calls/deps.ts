import type { LiveFleet } from '../fleet/live.ts'
import type { NgClient } from '../ng/client.ts'
import type { CallFacts, Decision, Policy } from '../policy/types.ts'
import type { Peers } from '../state/peers.ts'
import type { CallStore } from '../state/store.ts'
import type { FoundInCall } from './conformance.ts'
import type { Deletes } from './deletes.ts'
import type { TellLost } from './tell-lost.ts'
import type { Watch } from './watch.ts'

/** What the verbs work with. `policy` is that of a call: the one that it began with, while it is remembered. */
export interface CallDeps {
  policy: (callId: string, revision?: string) => Policy
  fleet: Pick<LiveFleet, 'candidates' | 'capabilities' | 'known' | 'nodes' | 'pinned' | 'reachable'>
  ng: Pick<NgClient, 'send'>
  store: CallStore
  deletes: Deletes
  tellLost: TellLost
  observer: CallObserver
  /** The other instances that share the store; absent: it is not shared. */
  peers?: Pick<Peers, 'about'>
}

/** Nothing here may throw: what is told has happened already. */
export interface CallObserver extends Pick<Watch, 'exchanged' | 'over'> {
  decided (id: string, facts: CallFacts, decision: Decision): void
  found (found: FoundInCall): void
}
