import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import WebSocket from 'ws'
import { encode, readBody, split } from '../../../src/ng/codec.ts'
import type { NgDictionary } from '../../../src/ng/types.ts'
import { freePort } from '../../../stack/ports.ts'
import { startRtpengine } from '../../../stack/rtpengine.ts'
import { policyOf } from '../../policy/directory.ts'
import { sdpFile } from '../../support/calls.ts'
import { plain } from '../../transparency/plain.ts'
import { startIngress, trusting } from './ingress.ts'

/** As Kamailio's lwsc does: one connection, opened with rtpengine's subprotocol. */
async function startClient (t: TestContext, port: number) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, 'ng.rtpengine.com', {})
  t.after(() => { socket.terminate() })
  await new Promise<void>((resolve, reject) => socket.on('open', () => resolve()).on('error', reject))
  const waiting: ((reply: Buffer) => void)[] = []
  socket.on('message', (data) => { waiting.shift()?.(Buffer.from(data)) })
  let count = 0
  return async (command: NgDictionary) => {
    const reply = new Promise<Buffer>((resolve) => { waiting.push(resolve) })
    socket.send(encode(`w${count++}`, command), () => undefined)
    const { cookie, body } = split(await reply, 1024 ** 2)
    return { cookie, reply: plain(readBody(body, 0), '12.5') }
  }
}

test('a call over WebSocket is answered as rtpengine answers it over its own', async (t) => {
  const [phone, browser] = [sdpFile('answer-plain-pcmu'), sdpFile('chromium-av-gathered-loopback')]
  const [httpPort, nodeHttpPort, port] = [await freePort(), await freePort(), await freePort()]
  await startRtpengine(t, { args: [`--listen-http=127.0.0.1:${httpPort}`] })
  const { wsPort } = await startIngress(t, {
    policy: await policyOf(t, trusting),
    rtpengine: { port, args: [`--listen-http=127.0.0.1:${nodeHttpPort}`] },
    nodes: [{ id: 'n1', host: '127.0.0.1', port, stream: { transport: 'ws', host: '127.0.0.1', port: nodeHttpPort } }],
  })
  const ids = { 'call-id': 'c1', 'from-tag': 'f1' }
  // More than a datagram holds.
  const long = Buffer.concat([browser, Buffer.from('a=x-long:'.padEnd(500, 'x').concat('\r\n').repeat(150))])
  const commands: NgDictionary[] = [
    { command: 'ping' },
    { ...ids, sdp: browser, 'transport-protocol': 'RTP/AVP', ICE: 'remove', 'rtcp-mux': ['demux'], command: 'offer' },
    { ...ids, 'to-tag': 't1', sdp: phone, command: 'answer' },
    { ...ids, 'to-tag': 't1', sdp: long, command: 'offer' },
    { ...ids, 'to-tag': 't1', command: 'query' }, { ...ids, 'call-id': 'another', command: 'query' },
    { ...ids, command: 'no such command' }, { ...ids, 'delete-delay': 0, command: 'delete' },
  ]
  const [straight, through] = [await startClient(t, httpPort), await startClient(t, wsPort)]
  for (const command of commands) {
    assert.deepEqual(await through(command), await straight(command), JSON.stringify(command.command))
  }
})
