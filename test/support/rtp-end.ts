import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { StackContext } from '../../stack/context.ts'

export interface RtpEndOptions {
  /** Milliseconds of PCMU in a packet. Default 20. */
  ptime?: number
  /** Of the packets that it sends, this share never leaves. */
  loses?: number
  /** Of the packets that come, it acts as if this share had not. */
  hears?: number
  /** Payload type of what it sends. Default 0, PCMU. */
  payloadType?: number
  /** Its reports tell of a way that takes so much longer, there and back. */
  farMs?: number
  /** Sends bytes that no SRTP key has made. */
  isGarbage?: boolean
}

/** One end of a call's media, in plain RTP: its faults are what no phone makes on demand. */
export interface RtpEnd {
  port: number
  ssrc: number
  received: () => number
  /** Begins to send, or goes on, to the first audio m-line of an SDP. */
  sendTo (sdp: string): void
  silence (): void
}

const ntpEpoch = 2_208_988_800

/** Takes two ports next to each other, for RTP and for RTCP (RFC 3550 §11). */
export async function startRtpEnd (t: StackContext, options: RtpEndOptions = {}): Promise<RtpEnd> {
  const { ptime = 20, loses = 0, hears = 1, payloadType = 0, farMs = 0, isGarbage = false } = options
  const [rtp, rtcp] = await socketPair()
  const port = rtp.address().port
  const ssrc = 0x1000_0000 + port
  let target: { address: string, port: number } | undefined
  let sequence = 0
  let sent = 0
  let received = 0
  let counted = 0
  let peerSsrc = 0
  let highest = 0
  let lastReport = { middle: 0, at: 0 }

  rtp.on('message', (packet) => {
    if (packet.length < 12) return
    received++
    highest = packet.readUInt16BE(2)
    if ((received * hears) % 1 < hears) counted++
  })
  rtcp.on('message', (packet) => {
    if (packet.length < 28 || packet.readUInt8(1) !== 200) return
    peerSsrc = packet.readUInt32BE(4)
    lastReport = { middle: packet.readUInt32BE(10), at: performance.now() }
  })

  const frame = Buffer.alloc(12 + 8 * ptime, isGarbage ? 0x5a : 0xff)
  // By the clock: the timer of a busy machine comes late, and what it missed is caught up with.
  let dueAt = performance.now()
  const sending = setInterval(() => {
    for (const now = performance.now(); dueAt <= now; dueAt += ptime) sendOne()
  }, ptime)

  function sendOne (): void {
    if (!target) return
    frame.writeUInt8(0x80, 0)
    frame.writeUInt8(payloadType, 1)
    frame.writeUInt16BE(sequence & 0xffff, 2)
    frame.writeUInt32BE((sequence * ptime * 8) >>> 0, 4)
    frame.writeUInt32BE(ssrc, 8)
    sequence++
    if (loses > 0 && (sequence * loses) % 1 < loses) return
    sent++
    rtp.send(Buffer.from(frame), target.port, target.address)
  }
  const reporting = setInterval(() => {
    if (target && !isGarbage) rtcp.send(report(), target.port + 1, target.address)
  }, 1000)

  t.after(async () => {
    clearInterval(sending)
    clearInterval(reporting)
    rtp.close()
    rtcp.close()
    return Promise.resolve()
  })

  /** A sender report with one block on what came (RFC 3550 §6.4.1). */
  function report (): Buffer {
    const packet = Buffer.alloc(peerSsrc === 0 ? 28 : 52)
    const now = Date.now() / 1000 + ntpEpoch
    packet.writeUInt8(peerSsrc === 0 ? 0x80 : 0x81, 0)
    packet.writeUInt8(200, 1)
    packet.writeUInt16BE(packet.length / 4 - 1, 2)
    packet.writeUInt32BE(ssrc, 4)
    packet.writeUInt32BE(Math.floor(now) >>> 0, 8)
    packet.writeUInt32BE(Math.floor((now % 1) * 2 ** 32) >>> 0, 12)
    packet.writeUInt32BE((sequence * ptime * 8) >>> 0, 16)
    packet.writeUInt32BE(sent, 20)
    packet.writeUInt32BE(sent * 8 * ptime, 24)
    if (peerSsrc === 0) return packet
    const lost = received - counted
    packet.writeUInt32BE(peerSsrc, 28)
    packet.writeUInt8(received === 0 ? 0 : Math.floor((lost / received) * 256), 32)
    packet.writeUIntBE(lost & 0xff_ffff, 33, 3)
    packet.writeUInt32BE(highest, 36)
    packet.writeUInt32BE(0, 40)
    packet.writeUInt32BE(lastReport.middle, 44)
    packet.writeUInt32BE(Math.max(0, Math.floor(((performance.now() - lastReport.at - farMs) / 1000) * 65_536)), 48)
    return packet
  }

  return {
    port,
    ssrc,
    received: () => received,
    sendTo (sdp) {
      const address = /^c=IN IP4 (\S+)/m.exec(sdp)?.[1] ?? ''
      target = { address, port: Number(/^m=audio (\d+)/m.exec(sdp)?.[1]) }
    },
    silence: () => { target = undefined },
  }
}

async function socketPair (): Promise<[Socket, Socket]> {
  for (let tries = 0; ; tries++) {
    const rtp = createSocket('udp4')
    rtp.bind(0, '127.0.0.1')
    await once(rtp, 'listening')
    const { port } = rtp.address()
    const rtcp = createSocket('udp4')
    const isBound = port % 2 === 0 && await new Promise<boolean>((resolve) => {
      rtcp.once('error', () => resolve(false))
      rtcp.bind(port + 1, '127.0.0.1', () => resolve(true))
    })
    if (isBound) return [rtp, rtcp]
    rtp.close()
    if (tries > 200) throw new Error('no two ports next to each other are free on 127.0.0.1')
  }
}
