import type { StackContext } from '../../stack/context.ts'
import { contactOf, type Message, openPeer, register, type SipPeer, type Sending } from '../stack/fixtures/sip-peer.ts'
import { openEar, type RtpEar, type SdpChange } from './rtp-ear.ts'

interface Reachable { sipPort: number, domain: string }

/** A SIP phone that does as the test says, with media that can be told from anybody else's. */
export interface Phone extends RtpEar { peer: SipPeer, mark: number }

let marks = 16

export async function openPhone (t: StackContext, user: string, kamailio: Reachable, address?: string): Promise<Phone> {
  const peer = await openPeer(t, user, kamailio, address)
  const mark = ++marks
  return { ...await openEar(t, mark, address), peer, mark }
}

/** The phone as the callee of `user`: Kamailio knows where it is. `q`: its priority among those of the same user. */
export async function openCallee (
  t: StackContext, user: string, kamailio: Reachable, { address = '127.0.0.1', q }: { address?: string, q?: string | undefined } = {},
): Promise<Phone> {
  const phone = await openPhone(t, user, kamailio, address)
  await register(phone.peer, q === undefined ? [] : [`Contact: <sip:${user}@${address}:${phone.peer.port}>;q=${q}`])
  return phone
}

/** One party's side of a dialog: what its requests begin with. */
export class Side {
  readonly phone: Phone
  readonly #headers: string[]
  readonly #target: string
  #cseq: number
  #version = 1

  constructor (phone: Phone, headers: string[], target: string, cseq: number) {
    this.phone = phone
    this.#headers = headers
    this.#target = target
    this.#cseq = cseq
  }

  request (method: string, sending: Sending = {}): void {
    const cseq = method === 'ACK' ? this.#cseq : ++this.#cseq
    this.phone.peer.request(method, this.#target, {
      ...sending, headers: [...this.#headers, `CSeq: ${cseq} ${method}`, ...sending.headers ?? []],
    })
  }

  /** The next version of this party's SDP. */
  sdp (change: SdpChange = {}): string {
    return this.phone.sdp({ version: ++this.#version, ...change })
  }
}

/** The caller's side, from the 2xx or reliable 1xx that it got. */
export function callerSide (phone: Phone, reply: Message, cseq = 1): Side {
  return new Side(phone, headersOf(reply, reply.header('From'), reply.header('To'), routesOf(reply).reverse()), contactOf(reply), cseq)
}

/** The callee's side, from the INVITE that it got and what it replied with, as the caller got it. */
export function calleeSide (phone: Phone, invite: Message, reply: Message): Side {
  return new Side(phone, headersOf(invite, reply.header('To'), invite.header('From'), routesOf(invite)), contactOf(invite), 0)
}

function headersOf (message: Message, from: string, to: string, routes: readonly string[]): string[] {
  return [`From: ${from}`, `To: ${to}`, `Call-ID: ${message.header('Call-ID')}`, ...routes.map((route) => `Route: ${route}`)]
}

function routesOf ({ head }: Message): string[] {
  return Array.from(head.matchAll(/^Record-Route:\s*(.*)$/gim), ([, route = '']) => route)
}

export interface Established { caller: Side, callee: Side, invite: Message, ok: Message }

/** One phone calls another, which picks up; both hear each other. */
export async function establish (caller: Phone, callee: Phone): Promise<Established> {
  caller.peer.request('INVITE', callee.peer.uri, { body: caller.sdp() })
  const invite = await callee.peer.receive(/^INVITE/)
  return accept(caller, callee, invite)
}

/** The callee answers an INVITE with 200. */
export async function accept (caller: Phone, callee: Phone, invite: Message, sending: Sending = {}): Promise<Established> {
  callee.sendTo(invite.body)
  callee.peer.reply(invite, '200 OK', { body: callee.sdp(), ...sending })
  const ok = await caller.peer.receive(/^SIP\/2.0 200/)
  caller.sendTo(ok.body)
  const sides = { caller: callerSide(caller, ok), callee: calleeSide(callee, invite, ok), invite, ok }
  sides.caller.request('ACK')
  await callee.peer.receive(/^ACK/)
  return sides
}

/** An offer in a request of the dialog, answered with 200. @returns both SDPs as the other one got them. */
export async function exchange (
  from: Side, to: Side, { method = 'INVITE', offer = from.sdp(), answer = to.sdp() } = {},
): Promise<{ offer: string, answer: string }> {
  from.request(method, { body: offer })
  const request = await to.phone.peer.receive(new RegExp(`^${method}`))
  to.phone.peer.reply(request, '200 OK', { body: answer })
  const ok = await from.phone.peer.receive(/^SIP\/2.0 200/)
  if (method === 'INVITE') {
    from.request('ACK')
    await to.phone.peer.receive(/^ACK/)
  }
  to.phone.sendTo(request.body)
  from.phone.sendTo(ok.body)
  return { offer: request.body, answer: ok.body }
}

export async function bye (from: Side, to: Side): Promise<void> {
  from.request('BYE')
  to.phone.peer.reply(await to.phone.peer.receive(/^BYE/), '200 OK')
  await from.phone.peer.receive(/^SIP\/2.0 200/)
}

export async function hearEachOther (one: Phone, other: Phone): Promise<void> {
  await Promise.all([one.hears(other.mark), other.hears(one.mark)])
}
