import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { MediaNode, NgDictionary } from '../../src/ng/types.ts'
import { type FakeRtpengine, startFakeRtpengine } from './fake-rtpengine.ts'

/** What befalls datagrams, as shares from 0 to 1. */
export interface Faults {
  /** Lost. */
  loss?: number
  /** Delivered twice. */
  duplicates?: number
  /** Preceded by bytes that are not NG. */
  garbage?: number
  /** Only on the way back: with the cookie of no command. */
  wrongCookie?: number
  /** Only on the way back: from another port than the one asked. */
  otherPort?: number
  /** Delivered so many milliseconds later, evenly spread; those behind overtake. */
  delayMs?: readonly [least: number, most: number]
  /**
   * Only on the way there: the node stands still, and what comes lies in its socket until faults without this come. Then
   * it is taken out by many threads at once, in any order.
   */
  isHeld?: boolean
}

export interface RelayOptions {
  /** The same seed brings the same faults to the same commands, whenever they come. */
  seed: number
  /** Default `chaos`. */
  id?: string
  faults?: Faults
}

interface Owner { after (end: () => void): void }

/** A way to a node on which things happen, as a node to send to. */
export interface ChaosRelay extends MediaNode {
  /** The datagrams that came for the node, by cookie, the lost ones too; each cookie once, with how often it came. */
  commands: Map<string, { datagram: Buffer, copies: number }>
  /** Cookies that came with different bytes. */
  mixed: string[]
  /** What happens from now on. */
  suffer: (faults: Faults) => void
}

/**
 * A relay between clients and a node, over real sockets, that loses, delays, doubles, reorders, spoils and forges
 * datagrams. What befalls a datagram follows from the seed, from the number of its command in order of appearance, from
 * the direction and from how many copies went before: a slow machine meets the same faults as a quick one.
 */
export async function startChaosRelay (
  t: Owner, node: { host: string, port: number }, { seed, id = 'chaos', faults = {} }: RelayOptions,
): Promise<ChaosRelay> {
  const front = await openSocket(t)
  const other = await openSocket(t)
  const upstream = new Map<string, Socket>()
  const replies = new Map<string, number>()
  const numbers = new Map<string, number>()
  const held: (() => void)[] = []
  const relay: ChaosRelay = {
    id, host: '127.0.0.1', port: front.address().port, commands: new Map(), mixed: [],
    suffer (next) {
      faults = next
      if (!next.isHeld) for (const deliver of shuffled(held.splice(0), randomFrom(seed + numbers.size))) deliver()
    },
  }

  front.on('message', (datagram, from) => {
    const cookie = cookieOf(datagram)
    const copy = noted(cookie, datagram)
    const socket = upstreamFor(from)
    befall(datagram, chance('there', cookie, copy), (bytes) => {
      const deliver = () => socket.send(bytes, node.port, node.host)
      if (faults.isHeld) held.push(deliver)
      else deliver()
    })
  })

  function returned (reply: Buffer, to: RemoteInfo): void {
    const cookie = cookieOf(reply)
    const copy = replies.get(cookie) ?? 0
    replies.set(cookie, copy + 1)
    const random = chance('back', cookie, copy)
    const bytes = random() < (faults.wrongCookie ?? 0) ? Buffer.concat([Buffer.from('forged-'), reply]) : reply
    const socket = random() < (faults.otherPort ?? 0) ? other : front
    befall(bytes, random, (each) => socket.send(each, to.port, to.address))
  }

  function befall (datagram: Buffer, random: () => number, deliver: (bytes: Buffer) => void): void {
    const { loss = 0, duplicates = 0, garbage = 0, delayMs = [0, 0] } = faults
    if (random() < loss) return
    const deliveries = [...(random() < garbage ? [noise] : []), datagram, ...(random() < duplicates ? [datagram] : [])]
    for (const bytes of deliveries) {
      const ms = delayMs[0] + random() * (delayMs[1] - delayMs[0])
      if (ms === 0) deliver(bytes)
      else setTimeout(() => { if (!isClosed.has(front)) deliver(bytes) }, ms).unref()
    }
  }

  function noted (cookie: string, datagram: Buffer): number {
    const known = relay.commands.get(cookie)
    if (known && !known.datagram.equals(datagram)) relay.mixed.push(cookie)
    relay.commands.set(cookie, { datagram, copies: (known?.copies ?? 0) + 1 })
    return known?.copies ?? 0
  }

  function chance (way: 'there' | 'back', cookie: string, copy: number): () => number {
    const number = numbers.get(cookie) ?? numbers.size
    numbers.set(cookie, number)
    return randomFrom(((seed * 31 + number) * 31 + copy) * 31 + way.length)
  }

  /** The node answers to where a command came from: each client has a socket of its own behind the relay. */
  function upstreamFor (client: RemoteInfo): Socket {
    const key = `${client.address} ${client.port}`
    let socket = upstream.get(key)
    if (!socket) {
      socket = createSocket('udp4').on('message', (reply) => returned(reply, client)).on('error', () => undefined)
      closeAfter(t, socket)
      upstream.set(key, socket)
    }
    return socket
  }

  return relay
}

/** A node that misbehaves as a node does, behind a relay that misbehaves as a network does. */
export interface ChaosNode extends ChaosRelay {
  node: FakeRtpengine
  /** Ids of the calls whose offer it took. */
  calls: Set<string>
  /** It has forgotten every call and every cookie. */
  restart: () => void
}

/** @param options.loadLimit the share of offers that it refuses with `load limit`; a delete is never refused. */
export async function startChaosNode (t: Owner, options: RelayOptions & { loadLimit?: number }): Promise<ChaosNode> {
  const random = randomFrom(options.seed)
  const calls = new Set<string>()
  const node = await startFakeRtpengine(t, {
    respond: (command): NgDictionary => {
      if (command.command === 'ping') return { result: 'pong' }
      if (command.command === 'offer' && random() < (options.loadLimit ?? 0)) return { result: 'load limit' }
      const { 'call-id': callId = '' } = command
      if (command.command === 'offer' && typeof callId === 'string') calls.add(callId)
      return { result: 'ok', message: callId }
    },
  })
  return Object.assign(await startChaosRelay(t, node, options), { node, calls, restart: node.restart })
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32 over a mixed seed). */
export function randomFrom (seed: number): () => number {
  let state = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function shuffled<T> (values: T[], random: () => number): T[] {
  return values.map((value) => ({ value, place: random() })).sort((a, b) => a.place - b.place).map(({ value }) => value)
}

const noise = Buffer.from('\0noise d3:')
const isClosed = new WeakSet<Socket>()

function cookieOf (datagram: Buffer): string {
  return datagram.toString('latin1', 0, Math.max(0, datagram.indexOf(0x20)))
}

async function openSocket (t: Owner): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  closeAfter(t, socket)
  await once(socket, 'listening')
  return socket
}

function closeAfter (t: Owner, socket: Socket): void {
  t.after(() => {
    isClosed.add(socket)
    socket.close()
  })
}
