/** Why a frame did not arrive. */
export type LossReason = 'malformed' | 'too_large' | 'disconnected' | 'expired' | 'queue_full'

/** What the ingress tells of its connections to the Kamailios. */
export interface EvapiObserver {
  /** The Kamailio answers now. */
  connected (kamailio: string): void
  /** It is lost, or could not be connected to. */
  disconnected (kamailio: string, reason: string): void
  frame (kamailio: string, direction: 'in' | 'out'): void
  lost (kamailio: string, reason: LossReason): void
}
