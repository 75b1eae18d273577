import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createWebhook, type WebhookOptions } from '../../src/telemetry/webhook.ts'
import { freePort } from '../../stack/ports.ts'
import { until } from '../state/contract.ts'

test('posts each event as JSON, in order, with the token', async (t) => {
  const receiver = await startReceiver(t)
  const { webhook, results } = start(t, { url: receiver.url, token: 'secret' })
  for (let index = 0; index < 5; index++) webhook.send({ index })
  await until(() => results.length === 5)
  assert.deepEqual(receiver.bodies, [0, 1, 2, 3, 4].map((index) => ({ index })))
  assert.equal(receiver.headers[0]?.authorization, 'Bearer secret')
  assert.equal(receiver.headers[0]['content-type'], 'application/json')
})

test('tries again what fails, and keeps the order; a refusal is final', async (t) => {
  const receiver = await startReceiver(t, [500, 429, 200, 404, 200])
  const { webhook, results } = start(t, { url: receiver.url })
  for (const name of ['a', 'b', 'c']) webhook.send({ name })
  await until(() => results.length === 3)
  assert.deepEqual(receiver.bodies.map((body) => (body as { name: string }).name), ['a', 'a', 'a', 'b', 'c'])
  assert.deepEqual(results, ['ok', 'rejected', 'ok'])
})

test('a receiver that is away gets what waited, the oldest of too many excepted', async (t) => {
  const port = await freePort()
  const { webhook, results, counts } = start(t, { url: `http://127.0.0.1:${port}/hook`, maxQueued: 3 })
  for (let index = 0; index < 6; index++) webhook.send({ index })
  assert.ok(Math.max(...counts) <= 3)
  const receiver = await startReceiver(t, [], port)
  await until(() => results.filter((result) => result === 'ok').length === 3)
  assert.deepEqual(receiver.bodies.map((body) => (body as { index: number }).index).slice(-3), [3, 4, 5])
  assert.equal(results.filter((result) => result === 'too many').length, 3)
  assert.equal(counts.at(-1), 0)
})

test('what nobody takes in time is given up', async (t) => {
  const { webhook, results } = start(t, { url: `http://127.0.0.1:${await freePort()}/`, keptMs: 0 })
  webhook.send({})
  await until(() => results.length === 1)
  assert.deepEqual(results, ['expired'])
})

function start (t: TestContext, options: Pick<WebhookOptions, 'url'> & Partial<WebhookOptions>) {
  const results: string[] = []
  const counts: number[] = []
  const webhook = createWebhook({
    retryAfterMs: 10, timeoutMs: 2000,
    observer: { sent: (result) => results.push(result), queued: (count) => counts.push(count) }, ...options,
  })
  t.after(() => webhook.close())
  return { webhook, results, counts }
}

/** An HTTP server that answers with each of `statuses` in turn, then with 200. */
async function startReceiver (t: TestContext, statuses: number[] = [], port = 0) {
  const bodies: unknown[] = []
  const headers: NodeJS.Dict<string | string[]>[] = []
  const server = createServer((request, reply) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
    request.on('end', () => {
      bodies.push(JSON.parse(text))
      headers.push(request.headers)
      reply.writeHead(statuses.shift() ?? 200).end()
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, bodies, headers }
}
