import type { NgDictionary, NgReply, NgValue } from '../ng/types.ts'

/** What a node's `statistics` say of the room that it has. */
export interface Capacity {
  /** Calls on the node, whoever made them. */
  calls: number | undefined
  /** Ports free for RTP, on the interface that has the fewest. */
  freePorts: number | undefined
  /** The share of its ports that is free, 0 to 1, on the interface where it is smallest. 1 where the node does not say. */
  freeShare: number
}

export const unknownCapacity: Capacity = { calls: undefined, freePorts: undefined, freeShare: 1 }

/** Ports of a call with plain RTP on both sides. */
const portsPerCall = 4

export function isFull ({ freePorts }: Capacity): boolean {
  return freePorts !== undefined && freePorts < portsPerCall
}

/**
 * Reads the reply to `statistics`. What is missing or of a wrong type counts as not said: versions differ, and numbers come
 * as integers or strings. Addresses of one interface name add up, for rtpengine takes them in turn.
 */
export function capacityOf (reply: NgReply): Capacity {
  const statistics = dictionary(reply.statistics)
  const calls = count(dictionary(statistics.currentstatistics).sessionsown)
  const interfaces = new Map<string, { free: number, all: number }>()
  for (const each of Array.isArray(statistics.interfaces) ? statistics.interfaces.map(dictionary) : []) {
    const name = typeof each.name === 'string' ? each.name : ''
    const ports = dictionary(each.ports)
    const free = count(ports.free)
    if (free === undefined) continue
    const all = Math.max(free, count(ports.totals) ?? free + (count(ports.used) ?? 0))
    const sum = interfaces.get(name)
    interfaces.set(name, { free: free + (sum?.free ?? 0), all: all + (sum?.all ?? 0) })
  }
  const rooms = [...interfaces.values()]
  return {
    calls,
    freePorts: rooms.length > 0 ? Math.min(...rooms.map(({ free }) => free)) : undefined,
    freeShare: Math.min(1, ...rooms.map(({ free, all }) => all > 0 ? free / all : 0)),
  }
}

function dictionary (value: NgValue | undefined): NgDictionary {
  return typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value) ? value : {}
}

/** A whole number from 0, undefined for all else. */
function count (value: NgValue | undefined): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? Math.floor(number) : undefined
}
