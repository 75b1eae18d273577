import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { callCommandOf, type CallCommandName } from '../../src/calls/commands.ts'
import { NgpilotError } from '../../src/errors.ts'
import type { NgCommand } from '../../src/ng/types.ts'
import { encodeWav } from '../../stack/wav.ts'
import { startFakeRtpengine } from '../support/fake-rtpengine.ts'
import { phone, request, sdpFile, startCalls } from '../support/calls.ts'

const plain = sdpFile('answer-plain-pcmu')

suite('NG commands on a running call', () => {
  test('reach its node, which carries them out', async (t) => {
    const { calls, store } = await startCall(t)
    const send = (name: CallCommandName, given: object = {}) =>
      calls.command(about(callCommandOf(name, given as Record<string, unknown>)))
    const { reply, node } = await send('query')
    assert.equal(node, 'n1')
    assert.deepEqual(Object.keys(reply.tags as object).sort(), ['from', 'to'])
    for (const [name, given] of [
      ['block-media', { fromTag: 'from' }], ['unblock-media', { fromTag: 'from' }], ['silence-media', {}], ['unsilence-media', {}],
      ['block-dtmf', { fromTag: 'from', mode: 'drop' }], ['unblock-dtmf', {}],
      ['start-forwarding', { metadata: 'x' }], ['stop-forwarding', {}], ['start-recording', { metadata: 'key:value' }], ['stop-recording', {}],
    ] as const) assert.equal((await send(name, given)).reply.result, 'ok', name)

    const wav = encodeWav({ samples: new Int16Array(8000), sampleRate: 8000 }).toString('base64')
    const played = await send('play-media', { fromTag: 'from', blob: wav })
    assert.ok(Number(played.reply.duration) > 0)
    await send('stop-media', { fromTag: 'from' })

    const offered = await send('subscribe-request', { fromTags: ['from'] })
    const toTag = offered.reply['to-tag'] as string
    assert.match(String(offered.reply.sdp), /^a=sendonly/m)
    await send('subscribe-answer', { toTag, sdp: plain.toString().replace('a=sendrecv', 'a=recvonly') })
    await send('unsubscribe', { toTag })

    const published = await send('publish', { fromTag: 'announcer', sdp: plain.toString().replace('a=sendrecv', 'a=sendonly') })
    assert.match(String(published.reply.sdp), /^a=recvonly/m)
    const timeline = (await store.find('call-1'))?.timeline.map(({ event }) => event)
    assert.ok(timeline?.includes('recording started') && timeline.includes('media published'))
  })

  test('find a call that the store has lost by asking the nodes', async (t) => {
    const { calls, store } = await startCall(t)
    await store.remove('call-1')
    assert.equal((await calls.command(about(callCommandOf('query', {})))).node, 'n1')
  })

  test('about an unknown call say so', async (t) => {
    const { calls } = await startCalls(t)
    await assert.rejects(calls.command({ ...about(callCommandOf('query', {})), callId: 'nobody' }), codeIs('call_unknown'))
  })

  test('that the node is too old for say since when there is one', async (t) => {
    const old = await startFakeRtpengine(t, {
      respond: ({ command }) => command === 'pause recording' ? { result: 'error', 'error-reason': 'Unrecognized command' } : { result: 'ok' },
    })
    const { calls, store } = await startCalls(t, { nodes: [old] })
    await store.save('call-1', { node: old.id, revision: 'r', createdAt: 1 })
    await assert.rejects(calls.command(about(callCommandOf('pause-recording', {}))), (error) => {
      assert.ok(error instanceof NgpilotError && error.code === 'not_supported')
      assert.equal(error.message, 'node fake is too old for "pause recording", which came with rtpengine 11.3')
      return true
    })
  })
})

test('one party means its direction alone, in every version', () => {
  assert.deepEqual(callCommandOf('block-media', { fromTag: 'a' }), { 'from-tag': 'a', flags: ['directional'], command: 'block media' })
  assert.deepEqual(callCommandOf('block-media', {}), { command: 'block media' })
})

test('further keys go along with what is given, and a typing error in them is refused', () => {
  const command = callCommandOf('subscribe-request', { all: true, toTag: 't', ng: { flags: ['generate-mid'] } })
  assert.deepEqual(command, { 'to-tag': 't', flags: ['generate-mid', 'all'], command: 'subscribe request' })
  assert.throws(() => callCommandOf('publish', { fromTag: 'a', sdp: 'x', ng: { 'transport-protcol': 'RTP/AVP' } }), /ng\.transport-protcol: unknown NG key; did you mean "transport-protocol"\?/)
  assert.throws(() => callCommandOf('play-media', { fromTag: 'a' }), /play-media needs one of file, blob and dbId/)
})

async function startCall (t: TestContext) {
  const started = await startCalls(t)
  await started.calls.offer(request({ source: phone, destination: phone, sdp: plain }))
  await started.calls.answer(request({ source: phone, destination: phone, sdp: plain, toTag: 'to' }))
  return started
}

function about (command: NgCommand) {
  return { callId: 'call-1', command, deadline: performance.now() + 2000 }
}

function codeIs (code: string) {
  return (error: unknown) => error instanceof NgpilotError && error.code === code
}
