import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { asNgpilotError } from '../../src/errors.ts'
import { pingCommand, queryCommand } from '../../src/ng/commands.ts'
import { reasonOf } from '../../src/ng/reply.ts'
import type { MediaNode, NgDictionary } from '../../src/ng/types.ts'
import { startFakeRtpengine } from '../support/fake-rtpengine.ts'
import { codeOf, offer, startNgClient, until, unusedPort, within } from './ng-client.ts'

test('resolves with the reply of the node', async (t) => {
  const sdp = Buffer.from([0x76, 0x3d, 0x30, 0xff])
  const node = await startFakeRtpengine(t, { respond: () => ({ sdp, result: 'ok', warning: 'odd' }) })
  const client = startNgClient(t)
  assert.deepEqual(await client.send(node, offer, within(2000)), { sdp, result: 'ok', warning: 'odd' })
  assert.deepEqual(node.commands, [{ ...offer }])
  assert.deepEqual(client.seen, ['fake offer ok'])
})

test('a hundred commands at once each get their own reply', async (t) => {
  const node = await startFakeRtpengine(t, { respond: (command) => ({ result: 'ok', message: command['call-id'] ?? '' }) })
  const client = startNgClient(t)
  const callIds = Array.from({ length: 100 }, (_, index) => `call ${index}`)
  const replies = await Promise.all(callIds.map((callId) => client.send(node, queryCommand({ callId }), within(5000))))
  assert.deepEqual(replies.map((reply) => reply.message), callIds)
  assert.equal(new Set(node.ports).size, 1)
})

test('sends the same cookie again when the node stays silent', async (t) => {
  const node = await startFakeRtpengine(t, { silentFor: 2 })
  const client = startNgClient(t, { retryAfterMs: 20 })
  assert.equal((await client.send(node, offer, within(2000))).result, 'ok')
  assert.equal(new Set(node.cookies).size, 1)
  assert.ok(node.cookies.length >= 3)
  assert.deepEqual(client.seen.slice(0, 2), ['fake retransmission', 'fake retransmission'])
})

test('a command whose reply was lost is not executed again', async (t) => {
  const node = await startFakeRtpengine(t, { loseReplies: 2 })
  assert.equal((await startNgClient(t, { retryAfterMs: 20 }).send(node, offer, within(2000))).result, 'ok')
  assert.equal(node.commands.length, 1)
})

test('waits twice as long before each repeat', async (t) => {
  const node = await startFakeRtpengine(t, { silentFor: 100 })
  await codeOf(startNgClient(t, { retryAfterMs: 20 }).send(node, offer, within(400)))
  // At 0, 20, 60, 140 and 300 ms; without doubling there would be 20.
  assert.ok(node.cookies.length >= 3 && node.cookies.length <= 5, `sent ${node.cookies.length} times`)
})

test('another send takes another cookie', async (t) => {
  const node = await startFakeRtpengine(t)
  const client = startNgClient(t)
  await client.send(node, offer, within(2000))
  await client.send(node, offer, within(2000))
  assert.equal(new Set(node.cookies).size, 2)
})

test('fails with ng_timeout at the deadline, naming node and command', async (t) => {
  const node = await startFakeRtpengine(t, { silentFor: 100 })
  const client = startNgClient(t, { retryAfterMs: 20 })
  const { deadline } = within(150)
  await assert.rejects(client.send(node, offer, { deadline }), { code: 'ng_timeout', message: /^node fake did not answer the offer, sent \d times?$/ })
  const overdueMs = performance.now() - deadline
  assert.ok(overdueMs > -50 && overdueMs < 1000, `settled ${overdueMs} ms after the deadline`)
  assert.equal(client.seen.at(-1), 'fake offer timeout')
})

test('a command whose deadline has passed is not sent', async (t) => {
  const node = await startFakeRtpengine(t)
  const client = startNgClient(t)
  await assert.rejects(client.send(node, offer, within(-1)), { code: 'ng_timeout', message: /deadline had passed/ })
  await client.send(node, pingCommand(), within(2000))
  assert.deepEqual(node.commands, [{ command: 'ping' }])
})

test('a late reply is counted and harms nothing', async (t) => {
  const node = await startFakeRtpengine(t, { delayMs: 150 })
  const client = startNgClient(t)
  assert.equal(await codeOf(client.send(node, offer, within(50))), 'ng_timeout')
  await until(() => client.seen.includes('fake late'))
  assert.equal((await client.send(node, offer, within(2000))).result, 'ok')
})

test('duplicate replies are counted and settle nothing else', async (t) => {
  const node = await startFakeRtpengine(t, { copies: 3 })
  const client = startNgClient(t)
  await client.send(node, offer, within(2000))
  await until(() => client.seen.filter((event) => event === 'fake late').length === 2)
})

test('a reply with an unknown cookie settles nothing', async (t) => {
  const node = await startFakeRtpengine(t, { wrongCookie: 'test-forged-0' })
  const client = startNgClient(t)
  assert.equal(await codeOf(client.send(node, offer, within(100))), 'ng_timeout')
  assert.ok(client.seen.includes('fake late'))
})

test('a reply from another port than the node\'s is not taken', async (t) => {
  const node = await startFakeRtpengine(t, { isReplyFromOtherPort: true })
  const client = startNgClient(t)
  assert.equal(await codeOf(client.send(node, offer, within(100))), 'ng_timeout')
  assert.ok(node.commands.length > 0)
})

for (const [what, garbage] of [
  ['no NG message', Buffer.from([0, 1, 2, 255])],
  ['an empty datagram', Buffer.alloc(0)],
  ['a cookie alone', Buffer.from('c ')],
  ['a key that would pollute prototypes', Buffer.from('c d9:__proto__d6:result2:okee')],
] as const) {
  test(`what cannot be read is counted and harms nothing: ${what}`, async (t) => {
    const node = await startFakeRtpengine(t, { garbage })
    const client = startNgClient(t)
    assert.equal((await client.send(node, offer, within(2000))).result, 'ok')
    assert.deepEqual(client.seen, ['fake malformed', 'fake offer ok'])
  })
}

for (const [what, reply] of [
  ['no result', {}],
  ['an unknown result', { result: 'maybe' }],
  ['an SDP that is a list', { result: 'ok', sdp: [] }],
  ['a reason that is a number', { result: 'error', 'error-reason': 5 }],
] satisfies [string, NgDictionary][]) {
  test(`a reply that is none does not settle the command, but its error says so: ${what}`, async (t) => {
    const node = await startFakeRtpengine(t, { respond: () => reply })
    const client = startNgClient(t)
    await assert.rejects(client.send(node, offer, within(100)), { code: 'ng_timeout', message: /the message is not a reply/ })
    assert.ok(client.seen.includes('fake malformed'))
  })
}

for (const [reply, code, reason] of [
  [{ result: 'error', 'error-reason': 'Failed to parse SDP' }, 'ng_rejected', 'Failed to parse SDP'],
  [{ result: 'error' }, 'ng_rejected', 'error'],
  [{ result: 'error', 'error-reason': 'Unknown call-id' }, 'call_unknown', 'Unknown call-id'],
  [{ result: 'error', 'error-reason': 'Unknown call-ID' }, 'call_unknown', 'Unknown call-ID'],
  [{ result: 'error', 'error-reason': 'Parallel session limit reached' }, 'no_node', 'Parallel session limit reached'],
  [{ result: 'error', 'error-reason': 'Ran out of ports' }, 'no_node', 'Ran out of ports'],
  [{ result: 'load limit', message: 'CPU usage limit exceeded' }, 'no_node', 'CPU usage limit exceeded'],
  [{ result: 'load limit' }, 'no_node', 'load limit'],
] as const) {
  test(`a refusal fails with ${code} and the node's words: ${reason}`, async (t) => {
    const node = await startFakeRtpengine(t, { respond: () => reply })
    const client = startNgClient(t)
    await assert.rejects(client.send(node, offer, within(2000)), (error) => {
      assert.equal(asNgpilotError(error).code, code)
      assert.equal(asNgpilotError(error).message, `node fake refused the offer: ${reason}`)
      assert.equal(reasonOf(error), reason)
      return true
    })
    assert.deepEqual(client.seen, ['fake offer error'])
  })
}

test('an error that is no refusal has no reason', () => {
  assert.equal(reasonOf(new Error('other')), undefined)
  assert.equal(reasonOf(asNgpilotError(new Error('other'))), undefined)
})

test('a port where nobody listens fails with no_node at the deadline, not before', async (t) => {
  const node: MediaNode = { id: 'down', host: '127.0.0.1', port: await unusedPort() }
  const client = startNgClient(t, { retryAfterMs: 20 })
  const { deadline } = within(150)
  await assert.rejects(client.send(node, offer, { deadline }), {
    code: 'no_node', message: `node down refused the connection: nothing listens for NG at 127.0.0.1:${node.port}`,
  })
  assert.ok(performance.now() > deadline - 50)
  assert.equal(client.seen.at(-1), 'down offer timeout')
})

test('a node that starts before the deadline is still reached', async (t) => {
  const port = await unusedPort()
  const sending = startNgClient(t, { retryAfterMs: 20 }).send({ id: 'late', host: '127.0.0.1', port }, offer, within(5000))
  await sleep(50)
  await startFakeRtpengine(t, { port })
  assert.equal((await sending).result, 'ok')
})

test('a host name is looked up', async (t) => {
  const { port } = await startFakeRtpengine(t)
  assert.equal((await startNgClient(t).send({ id: 'named', host: 'localhost', port }, pingCommand(), within(2000))).result, 'pong')
})

test('a host name that leads nowhere fails with no_node, again and again', async (t) => {
  const node: MediaNode = { id: 'lost', host: 'rtpengine.invalid', port: 2223 }
  const client = startNgClient(t)
  for (let i = 0; i < 2; i++) {
    await assert.rejects(client.send(node, offer, within(10_000)), { code: 'no_node', message: /^node lost cannot be reached at rtpengine\.invalid:2223: / })
  }
})

test('a port that is none fails with no_node', async (t) => {
  await assert.rejects(startNgClient(t).send({ id: 'odd', host: '127.0.0.1', port: 0 }, offer, within(2000)), {
    code: 'no_node', message: /^node odd cannot be reached at 127\.0\.0\.1:0: /,
  })
})

const hasIPv6 = Object.values(networkInterfaces()).flat().some((address) => address?.address === '::1')

test('a node with an IPv6 address is reached', { skip: !hasIPv6 && 'this host has no ::1' }, async (t) => {
  const node = await startFakeRtpengine(t, { host: '::1' })
  assert.equal((await startNgClient(t).send(node, pingCommand(), within(2000))).result, 'pong')
})

test('after a node was silent, the next command goes from a new socket: the name may lead elsewhere by now', async (t) => {
  const node = await startFakeRtpengine(t, { silentFor: 1 })
  const client = startNgClient(t)
  assert.equal(await codeOf(client.send(node, offer, within(50))), 'ng_timeout')
  await client.send(node, offer, within(2000))
  await client.send(node, offer, within(2000))
  assert.notEqual(node.ports[1], node.ports[0])
  assert.equal(node.ports[2], node.ports[1])
})

test('a silent node does not hold up the commands to another', async (t) => {
  const silent = await startFakeRtpengine(t, { silentFor: 100 })
  const node = await startFakeRtpengine(t)
  const client = startNgClient(t)
  const order: string[] = []
  await Promise.all([
    client.send({ ...silent, id: 'silent' }, offer, within(300)).catch(() => order.push('silent')),
    client.send(node, offer, within(2000)).then(() => order.push('node')),
  ])
  assert.deepEqual(order, ['node', 'silent'])
})

test('refuses more than a datagram holds before it sends anything', async (t) => {
  const node = await startFakeRtpengine(t)
  const client = startNgClient(t)
  const huge = { ...offer, sdp: Buffer.alloc(65_507, 'a') }
  await assert.rejects(client.send(node, huge, within(2000)), { code: 'too_large', message: /^the offer has \d+ bytes; a datagram holds 65507$/ })
  await client.send(node, pingCommand(), within(2000))
  assert.equal(node.cookies.length, 1)
})

test('carries a message that just fits', async (t) => {
  const node = await startFakeRtpengine(t, { respond: (command) => ({ result: 'ok', sdp: command.sdp ?? '' }) })
  const sdp = Buffer.alloc(65_000, 'a')
  assert.deepEqual((await startNgClient(t).send(node, { ...offer, sdp }, within(2000))).sdp, sdp)
})

test('close fails what is under way with stopping, and what comes after', async (t) => {
  const node = await startFakeRtpengine(t, { silentFor: 100 })
  const client = startNgClient(t)
  const sending = codeOf(client.send(node, offer, within(60_000)))
  await until(() => node.cookies.length > 0)
  await client.close()
  assert.equal(await sending, 'stopping')
  assert.equal(await codeOf(client.send(node, offer, within(60_000))), 'stopping')
  await client.close()
})

test('close before the socket is ready ends the command too', async (t) => {
  const client = startNgClient(t)
  const sending = codeOf(client.send({ id: 'n', host: 'localhost', port: 2223 }, offer, within(60_000)))
  await client.close()
  assert.equal(await sending, 'stopping')
})

test('after close nothing keeps the process alive', async () => {
  const script = `
    import { NgClient } from ${JSON.stringify(new URL('../../src/ng/client.ts', import.meta.url).href)}
    const client = new NgClient({ instanceId: 'test' })
    const sendings = ['127.0.0.1', '::1', 'localhost'].map((host, index) => client.send(
      { id: host, host, port: 9 + index }, { command: 'ping' }, { deadline: performance.now() + 600_000 }))
    setTimeout(async () => {
      await Promise.all([client.close(), ...sendings.map((sending) => sending.catch((error) => console.log(error.code)))])
    }, 50)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  const [code] = await once(child, 'close', { signal: AbortSignal.timeout(20_000) }) as [number]
  assert.equal(code, 0)
  assert.equal(output.match(/stopping/g)?.length, hasIPv6 ? 3 : output.match(/\n/g)?.length)
})
