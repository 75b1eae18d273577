import { readdirSync, readFileSync } from 'node:fs'
import type { Release } from '../../src/ng/release.ts'
import type { NgDictionary } from '../../src/ng/types.ts'

const folder = new URL('../data/sdp/', import.meta.url)

/** All SDPs that there are, by name. */
export const sdps = readdirSync(folder).filter((name) => name.endsWith('.sdp'))
  .map((name) => [name.slice(0, -4), readFileSync(new URL(name, folder))] as const)

export function sdpNamed (name: string): Buffer {
  const found = sdps.find(([each]) => each === name)
  if (!found) throw new Error(`test/data/sdp has no ${name}.sdp`)
  return found[1]
}

export const answer = sdpNamed('answer-plain-pcmu')

/** A command, or what makes it of the replies so far: rtpengine makes up the tags of subscribers. */
export type Step = NgDictionary | ((replies: readonly NgDictionary[]) => NgDictionary)

/**
 * One call, or what a client takes for one: commands in a row. With `since`, a release before it gets them only through
 * ngpilot, and must answer as to `before` straight; without `before` not at all.
 */
export interface Sequence { name: string, commands: Step[], since?: Release, before?: Step[] }

/** Offer, answer, re-offer from the other side, query, delete, with these flags in the offers. */
export function call (name: string, sdp: Buffer, flags: NgDictionary): Sequence {
  const ids = { 'call-id': name, 'from-tag': 'from' }
  const both = { ...ids, 'to-tag': 'to' }
  return { name, commands: [
    { ...flags, ...ids, sdp, command: 'offer' },
    { ...flags, ...ids, sdp, command: 'offer' },
    { ...both, sdp: answer, command: 'answer' },
    { ...both, 'from-tag': 'to', 'to-tag': 'from', sdp: answer, ...flags, command: 'offer' },
    { ...both, command: 'query' },
    { ...both, flags: ['to-tag'], command: 'delete', 'delete-delay': 0 },
    { ...ids, command: 'query' },
  ] }
}
