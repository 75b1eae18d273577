/** What became of a request: what the ingress answers and what the log line tells. */
export interface Outcome {
  command: 'offer' | 'answer' | 'delete' | 'none'
  /** The SDP for the message to go on with; absent when there is nothing to rewrite. */
  sdp?: Buffer
  node?: string
  /** Profile of the leg that the SDP came from, and of the one that it goes to. */
  sender?: string
  receiver?: string
  revision?: string
  /** Ids of what is wrong with the SDP as it came and as it goes on (docs/reference/findings.md). */
  findings?: string[]
}
