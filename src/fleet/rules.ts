/** When a node is in doubt, is left out, and comes back. Times in milliseconds. */
export interface HealthRules {
  /** So many commands in a row without a reply, */
  downAfterFailures: number
  /** over at least so long, take a node out. Both, for what is under way at a hiccup fails all at once. */
  downAfterMs: number
  /** Over which time the share of failed commands is taken: between this and half of it. */
  windowMs: number
  /** Below so many commands in that time the share says nothing. */
  windowCommands: number
  /** A share of failed commands above this makes a node suspect, */
  suspectShare: number
  /** above this takes it out. */
  downShare: number
  /** So long a node that refused a new call is left alone. */
  busyMs: number
  /** In so long a node that came back grows to its full share of new calls. */
  slowStartMs: number
  /** A node that goes down again so soon after it came back is kept out, pings answered or not: */
  relapseMs: number
  /** for so long the first time, twice as long each further time, */
  holdMs: number
  /** and for so long at most. */
  maxHoldMs: number
}

/** Which nodes a new call may go to. */
export interface SelectionRules {
  /** Nodes that are down are left out while they are at most this share of their set; then a doubtful node beats none. */
  maxEjectedShare: number
  /** Commands in flight at which a node counts as full. */
  maxInFlight: number
}

/** How nodes are asked how they fare. Times in milliseconds, each varied by up to a tenth. */
export interface WatchRules {
  pingMs: number
  /** How long a ping may take. */
  pingTimeoutMs: number
  /** Between the pings to a suspect node, and after the first one to a node that is down; doubles there up to */
  probeMs: number
  maxProbeMs: number
  /** How often a node is asked for its calls and ports. */
  statisticsMs: number
  /** The same for a node that drains, for somebody waits. */
  drainStatisticsMs: number
  /** A node counts as empty when it says so at least so long after it began to drain: an offer may have been on its way. */
  settleMs: number
  /** One that is not listed any more is given up after so long a silence: its calls may go on, but nobody can end them; */
  silentMs: number
  /** or after its process was gone for so long, and its calls with it: it may be starting anew. */
  goneMs: number
}

export interface FleetRules extends HealthRules, SelectionRules, WatchRules {}

export const defaultRules: FleetRules = {
  downAfterFailures: 3,
  downAfterMs: 500,
  windowMs: 10_000,
  windowCommands: 20,
  suspectShare: 0.2,
  downShare: 0.5,
  busyMs: 3000,
  slowStartMs: 1500,
  relapseMs: 30_000,
  holdMs: 1000,
  maxHoldMs: 10_000,
  maxEjectedShare: 0.5,
  maxInFlight: 32,
  pingMs: 1000,
  pingTimeoutMs: 300,
  probeMs: 100,
  maxProbeMs: 500,
  statisticsMs: 5000,
  drainStatisticsMs: 1000,
  settleMs: 1000,
  silentMs: 300_000,
  goneMs: 10_000,
}
