import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { deleteCommand, offerCommand, pingCommand, statisticsCommand } from '../../src/ng/commands.ts'
import type { NgDictionary } from '../../src/ng/types.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { startChaosRelay } from '../support/chaos-rtpengine.ts'
import { startNgClient, within } from './ng-client.ts'

const sdp = await readFile(new URL('../data/sdp/answer-plain-pcmu.sdp', import.meta.url))
const seed = 20_260_731
const calls = 1000
const callsPerSecond = 100
const deadlineMs = 400

test(`30 % loss each way: each of ${calls} offers is answered within ${deadlineMs} ms and executed once (seed ${seed})`, async (t) => {
  const rtpengine = await startRtpengine(t, { logLevel: 3 })
  const node = { id: 'direct', host: rtpengine.address, port: rtpengine.port }
  const relay = await startChaosRelay(t, node, { seed, faults: { loss: 0.3 } })
  const client = startNgClient(t, { retryAfterMs: 20 })
  // As the fleet's pings would: without a measurement the repeats are spaced for a node of which nothing is known.
  while (client.stateOf(relay.id)?.roundTripMs === undefined) await client.send(relay, pingCommand(), within(2000))

  const failures: string[] = []
  const call = async (callId: string) => {
    try {
      const { deadline } = within(deadlineMs)
      const reply = await client.send(relay, offerCommand({ callId, fromTag: 'f', sdp, flags: {} }), { deadline })
      if (performance.now() > deadline) failures.push(`${callId}: late`)
      if (!reply.sdp) failures.push(`${callId}: no SDP`)
    } catch (error) {
      failures.push(`${callId}: ${String(error)}`)
    }
    await client.send(relay, deleteCommand({ callId, deleteDelaySeconds: 0 }), within(2000))
  }
  const all: Promise<void>[] = []
  for (let i = 0; i < calls; i++) {
    all.push(call(`c${i}`))
    await sleep(1000 / callsPerSecond)
  }
  await Promise.all(all)

  assert.deepEqual(failures, [])
  assert.deepEqual(relay.mixed, [])
  const { statistics } = await client.send(node, statisticsCommand(), within(2000))
  const { controlstatistics } = statistics as { controlstatistics: NgDictionary }
  assert.equal(controlstatistics.totaloffercount, calls)
  assert.equal(controlstatistics.totaldeletecount, calls)
  const offers = [...relay.commands.values()].filter(({ datagram }) => datagram.includes('7:command5:offer'))
  const copies = offers.map((offer) => offer.copies)
  t.diagnostic(`copies an offer: ${(copies.reduce((sum, each) => sum + each, 0) / copies.length).toFixed(2)} on average, ${Math.max(...copies)} at most`)
})
