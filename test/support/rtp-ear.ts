import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StackContext } from '../../stack/context.ts'

/** One end of a media stream: G.711 packets whose every byte is `mark`, so that whoever gets them knows whose they are. */
export interface RtpEar {
  port: number
  /** From now on packets go to where the SDP says; nowhere before. */
  sendTo (sdp: string): void
  /** An offer or answer that names this end. */
  sdp (more?: SdpChange): string
  /** Waits until ten more packets of that mark have come. @throws Error with the marks that came instead. */
  hears (mark: number): Promise<void>
  /** Waits until nothing comes for 300 ms. @throws Error when that takes longer than 4 s. */
  hearsNothing (): Promise<void>
}

/** `version`: of the o= line, which grows with every change; `direction`: a=sendonly …; `address`: of the c= line. */
export interface SdpChange { version?: number, direction?: string, address?: string, protocol?: string, more?: string[] }

export async function openEar (t: StackContext, mark: number, address = '127.0.0.1'): Promise<RtpEar> {
  const socket = createSocket('udp4')
  socket.bind(0, address)
  await once(socket, 'listening')
  const { port } = socket.address()
  const heard: number[] = []
  let lastAt = performance.now()
  socket.on('message', (packet) => {
    if (packet.length < 13) return
    lastAt = performance.now()
    heard.push(packet.readUInt8(12))
  })
  socket.on('error', () => undefined)
  let target: number | undefined
  let sequence = 0
  // By the clock: the timer of a busy machine comes late, and what it missed is caught up with, so that nothing looks lost.
  let dueAt = performance.now()
  const timer = setInterval(() => {
    for (const now = performance.now(); dueAt <= now; dueAt += 20) sendOne()
  }, 20)

  function sendOne (): void {
    if (target === undefined) return
    const packet = Buffer.alloc(172, mark)
    packet.writeUInt16BE(0x8000, 0)
    packet.writeUInt16BE(++sequence & 0xffff, 2)
    packet.writeUInt32BE(sequence * 160, 4)
    packet.writeUInt32BE(mark, 8)
    socket.send(packet, target, '127.0.0.1')
  }
  t.after(async () => {
    clearInterval(timer)
    await new Promise<void>((resolve) => socket.close(() => resolve()))
  })

  return {
    port,
    sendTo (sdp) { target = Number(/^m=audio (\d+)/m.exec(sdp)?.[1]) || undefined },
    sdp: ({ version = 1, direction = 'sendrecv', address: connection = address, protocol = 'RTP/AVP', more = [] } = {}) => [
      'v=0', `o=- ${port} ${version} IN IP4 ${address}`, 's=-', `c=IN IP4 ${connection}`, 't=0 0',
      `m=audio ${port} ${protocol} 0`, 'a=rtpmap:0 PCMU/8000', `a=${direction}`, ...more, '',
    ].join('\r\n'),
    async hears (wanted) {
      const from = heard.length
      for (let tries = 0; tries < 250; tries++) {
        if (heard.slice(from).filter((each) => each === wanted).length >= 10) return
        await sleep(20)
      }
      const others = [...new Set(heard.slice(from))].join(', ')
      throw new Error(`should hear ${wanted}; hears ${others || 'nothing'}`)
    },
    async hearsNothing () {
      const from = performance.now()
      for (let tries = 0; tries < 200; tries++) {
        if (performance.now() - Math.max(lastAt, from) > 300) return
        await sleep(20)
      }
      throw new Error(`should hear nothing; hears ${heard.at(-1)}`)
    },
  }
}
