import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setImmediate as turnOfLoop, setTimeout as sleep } from 'node:timers/promises'
import { asNgpilotError } from '../../src/errors.ts'
import { deleteCommand, offerCommand } from '../../src/ng/commands.ts'
import { sendToFirst } from '../../src/ng/failover.ts'
import type { MediaNode } from '../../src/ng/types.ts'
import { type ChaosNode, type Faults, randomFrom, startChaosNode } from '../support/chaos-rtpengine.ts'
import { codeOf, startNgClient, until, within } from './ng-client.ts'

const sdp = Buffer.from('v=0\r\n')
const commandsEach = 150

for (let seed = 1; seed <= 8; seed++) {
  test(`whatever befalls them, commands end by their deadline and are executed once (seed ${seed})`, async (t) => {
    const random = randomFrom(seed)
    const nodes = await Promise.all(['a', 'b'].map((id, index) => startChaosNode(t, {
      id, seed: seed * 100 + index, loadLimit: random() * 0.5, faults: faultsFrom(random),
    })))
    const client = startNgClient(t, { retryAfterMs: 5 + random() * 40, maxInFlight: 1 + Math.floor(random() * 30) })
    const outcomes: string[] = []
    const named = new Map(nodes.map(({ id }) => [id, new Set<string>()]))
    await Promise.all(Array.from({ length: commandsEach }, async (_, number) => {
      await sleep(random() * 1000)
      outcomes.push(await oneCommand({ t, client, nodes, named, random }, `call ${number}`))
    }))

    assert.equal(outcomes.length, commandsEach)
    for (const outcome of outcomes) assert.match(outcome, /^(own reply|ng_timeout|no_node)$/)
    const cookies = nodes.flatMap((node) => [...node.commands.keys()])
    assert.equal(new Set(cookies).size, cookies.length, 'a cookie went to two nodes')
    for (const { id, mixed, node, calls } of nodes) {
      for (const callId of calls) assert.ok(named.get(id)?.has(callId), `${callId} was left on node ${id}, and nobody was told`)
      assert.deepEqual(mixed, [], 'a cookie stood for two commands')
      const callIds = node.commands.map((command) => command['call-id'])
      assert.equal(new Set(callIds).size, callIds.length, 'a command was executed twice')
    }
    t.diagnostic(tally(outcomes))
  })
}

test('a node that falls silent and starts anew gets each command once in each of its lives', async (t) => {
  const node = await startChaosNode(t, { seed: 1 })
  const client = startNgClient(t, { retryAfterMs: 10 })
  const send = async (callId: string, ms: number) => client
    .send(node, deleteCommand({ callId }), { deadline: performance.now() + ms }).catch(asNgpilotError)
  await send('before', 2000)
  node.suffer({ loss: 1 })
  assert.ok(await send('during', 60) instanceof Error)
  node.restart()
  node.suffer({})
  await send('after', 2000)
  assert.deepEqual(node.node.commands.map((command) => command['call-id']), ['before', 'after'])
})

test('what comes late, twice or from a stranger is counted, and the next command finds all in order', async (t) => {
  const faults: Faults = { delayMs: [80, 120], duplicates: 1, garbage: 0.5, wrongCookie: 0.5 }
  const node = await startChaosNode(t, { seed: 2, faults })
  const client = startNgClient(t, { retryAfterMs: 1000 })
  const { deadline } = within(30)
  await Promise.all(Array.from({ length: 20 }, (_, number) =>
    codeOf(client.send(node, deleteCommand({ callId: `call ${number}` }), { deadline }))))
  await until(() => ['chaos late', 'chaos malformed'].every((event) => client.seen.includes(event)))
  node.suffer({})
  const reply = await client.send(node, deleteCommand({ callId: 'last' }), within(2000))
  assert.equal(reply.message, 'last')
})

interface Scene {
  t: TestContext
  client: ReturnType<typeof startNgClient>
  nodes: ChaosNode[]
  /** By node: the calls of which the caller was told that they are, or may be, there. */
  named: Map<string, Set<string>>
  random: () => number
}

/** An offer to whichever node takes it or a delete to one of them; what became of it, once its deadline has come. */
async function oneCommand ({ t, client, nodes, named, random }: Scene, callId: string): Promise<string> {
  const deadline = performance.now() + 30 + random() * 300
  const pinned = nodes[Math.floor(random() * nodes.length)]
  assert.ok(pinned)
  const name = ({ id }: MediaNode) => { named.get(id)?.add(callId) }
  const sending = random() < 0.5
    ? client.send(pinned, deleteCommand({ callId }), { deadline })
    : sendToFirst(client, nodes, () => offerCommand({ callId, fromTag: 'f', sdp, flags: {} }), { deadline, onAbandoned: name })
        .then(({ node, reply }) => {
          name(node)
          return reply
        })
  let outcome = ''
  void sending.then(
    (reply) => { outcome = reply.message === callId ? 'own reply' : 'the reply to another command' },
    (error: unknown) => { outcome = asNgpilotError(error).code },
  )
  // By the deadline, on whichever machine: a timer of the test's own that is due then, and one turn of the loop, come after.
  await sleep(Math.ceil(deadline - performance.now()) + 2)
  for (let turn = 0; turn < 3; turn++) await turnOfLoop()
  if (outcome === '') t.diagnostic(`${callId} is not settled at its deadline`)
  return outcome
}

function faultsFrom (random: () => number): Faults {
  const share = (most: number) => random() * most
  const delay = share(40)
  return {
    loss: share(0.5),
    duplicates: share(0.3),
    garbage: share(0.2),
    wrongCookie: share(0.2),
    otherPort: share(0.2),
    ...(random() < 0.7 && { delayMs: [0, delay] as const }),
  }
}

function tally (outcomes: string[]): string {
  const counts = new Map<string, number>()
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  return [...counts].map(([outcome, count]) => `${outcome}: ${count}`).join(', ')
}
