import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { encode } from '../../src/ng/codec.ts'
import { answerCommand, deleteCommand, offerCommand } from '../../src/ng/commands.ts'
import type { NgDictionary } from '../../src/ng/types.ts'
import type { Peer } from '../../src/calls/request.ts'
import type { Command, Target } from './load.ts'

/** One kind of call: its two SDPs, where its legs are, and the flags that policy makes of that. */
export interface Scenario {
  name: string
  offer: Buffer
  answer: Buffer
  source: Peer
  destination: Peer
  offerFlags: NgDictionary
  answerFlags: NgDictionary
}

/** The commands with ngpilot's flags straight to rtpengine, as thin as a client can be. */
export async function direct (port: number, scenario: Scenario): Promise<Target & { close: () => void }> {
  const socket = createSocket('udp4')
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const pending = new Map<string, (refusal: string | undefined) => void>()
  socket.on('message', (message) => {
    const cookie = message.subarray(0, message.indexOf(0x20)).toString()
    pending.get(cookie)?.(message.includes('6:result2:ok') ? undefined : message.toString())
    pending.delete(cookie)
  })
  const random = Math.random().toString(36).slice(2)
  let count = 0
  return {
    name: 'rtpengine',
    async run (command, callId) {
      const cookie = `${random}-${count++}`
      const tags = { callId, fromTag: 'from', toTag: 'to' }
      const datagram = encode(cookie, command === 'offer'
        ? offerCommand({ callId, fromTag: 'from', sdp: scenario.offer, flags: scenario.offerFlags })
        : command === 'answer'
          ? answerCommand({ ...tags, sdp: scenario.answer, flags: scenario.answerFlags })
          : deleteCommand({ callId, deleteDelaySeconds: 0 }))
      const reply = new Promise<string | undefined>((resolve) => pending.set(cookie, resolve))
      socket.send(datagram)
      const refusal = await reply
      if (refusal) throw new Error(`rtpengine refused the ${command}: ${refusal}`)
    },
    close: () => socket.close(),
  }
}

/** `POST /v1/…` with bare SDP, on one kept connection a lane, as thin as a client can be. */
export async function overHttp (port: number, scenario: Scenario, lanes: number): Promise<Target & { close: () => void }> {
  const connections = await Promise.all(Array.from({ length: lanes }, () => httpConnection(port)))
  // A connection that asks nothing for 5 s is closed; one that has asked is kept.
  await Promise.all(connections.map(({ ask }) => ask(Buffer.from('GET /readyz HTTP/1.1\r\nHost: b\r\n\r\n'))))
  const uri = (peer: Peer) => `sip:${peer.address ?? ''}:5060;transport=${peer.transport ?? 'udp'}`
  const hop = `Ngpilot-Source: ${uri(scenario.source)}\r\nNgpilot-Destination: ${uri(scenario.destination)}\r\n`
  const request = (command: Command, callId: string): Buffer => {
    const [type, body] = command === 'delete'
      ? ['application/json', Buffer.from(JSON.stringify({ callId }))] as const
      : ['application/sdp', scenario[command]] as const
    return Buffer.concat([Buffer.from(`POST /v1/${command} HTTP/1.1\r\nHost: b\r\nContent-Type: ${type}\r\n${hop}`
      + `Ngpilot-Call-Id: ${callId}\r\nNgpilot-From-Tag: from\r\n${command === 'answer' ? 'Ngpilot-To-Tag: to\r\n' : ''}`
      + `Content-Length: ${body.length}\r\n\r\n`), body])
  }
  return {
    name: 'ngpilot',
    async run (command, callId, lane) {
      const { status, body } = await connections[lane]?.ask(request(command, callId)) ?? { status: 0, body: '' }
      if (status !== (command === 'delete' ? 204 : 200)) throw new Error(`ngpilot answered the ${command} with ${status}: ${body}`)
    },
    close: () => connections.forEach(({ socket }) => socket.destroy()),
  }
}

interface Reply { status: number, body: string }

async function httpConnection (port: number): Promise<{ socket: Socket, ask: (request: Buffer) => Promise<Reply> }> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  let waiting: ((reply: Reply) => void) | undefined
  let received = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk
    const end = received.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0)
    if (received.length < end + 4 + length) return
    const status = Number(received.slice(9, 12))
    const body = received.slice(end + 4)
    received = ''
    waiting?.({ status, body })
  })
  return { socket, ask: (request) => new Promise((resolve) => { waiting = resolve; socket.write(request) }) }
}
