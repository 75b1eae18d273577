import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { ensureTree } from '../../stack/tree.ts'
import { type MediaSite, mediaCall, startMediaSite } from '../support/media-call.ts'
import { sharedContext } from '../support/shared.ts'
import { earlyTroubles, makeAll } from './troubles.ts'

const context = sharedContext()
let site: MediaSite

before(async () => {
  site = await startMediaSite(context)
})

test('each trouble, made for real, is found on its leg, and a healthy call has none', async (t) => {
  const results = await makeAll(t, site, earlyTroubles)
  assert.deepEqual(
    results.map(({ trouble, found }) => [trouble.name, ...found]),
    earlyTroubles.map(({ name, expected }) => [name, ...expected]),
  )
})

test('a call that has ended keeps its explanation, with the figures that the node gave at its end', async (t) => {
  const call = await mediaCall(t, site, { callId: 'ended' })
  while (call.caller.received() < 60) await new Promise((resolve) => { setTimeout(resolve, 50) })
  await call.end()
  let { state, report, media, exchanges, timeline } = await site.explain('ended')
  for (let tries = 0; !report && tries < 100; tries++) ({ state, report, media, exchanges, timeline } = await site.explain('ended'))
  assert.equal(state, 'ended')
  assert.ok(report && report.durationSeconds > 0.5)
  assert.ok((report.caller.received?.packets ?? 0) > 30)
  assert.equal(report.callee.codec, 'PCMU/8000')
  assert.equal(media.length, 2)
  assert.deepEqual(exchanges.map(({ command, from, to }) => `${command} ${from.profile} → ${to.profile}`), [
    'offer phone → phone', 'answer phone → phone',
  ])
  assert.deepEqual(timeline.map(({ event }) => event), ['offer', 'answer', 'end'])
  // The histograms have what the report has, by the profiles of both legs; what was heard is known in longer calls alone.
  const page = await (await fetch(`${site.ngpilot.url}/metrics`)).text()
  const counted = (name: string, labels = '') => Number(new RegExp(`^ngpilot_call_${name}_count\\{caller="phone",callee="phone"${labels}\\} (\\d+)`, 'm').exec(page)?.[1] ?? 0)
  assert.ok(counted('duration_seconds') > 0)
  for (const leg of ['caller', 'callee'] as const) {
    for (const name of ['mos', 'loss_ratio', 'jitter_seconds']) assert.ok(!report[leg].heard || counted(name, `,leg="${leg}"`) > 0, `${name} ${leg}`)
  }
})

test('rtpengine 10.5, whose reply to a delete has no figures, is asked for them before it', async (t) => {
  const old = await startMediaSite(context, { rtpengine: { tree: await ensureTree({ release: 'bookworm' }) } })
  const call = await mediaCall(t, old, { callId: 'old' })
  while (call.caller.received() < 20) await new Promise((resolve) => { setTimeout(resolve, 20) })
  await call.end()
  let { report } = await old.explain('old')
  for (let tries = 0; !report && tries < 100; tries++) ({ report } = await old.explain('old'))
  assert.ok((report?.caller.received?.packets ?? 0) >= 10, JSON.stringify(report))
})

test('neither explanation nor log holds a key', async (t) => {
  await mediaCall(t, site, { callId: 'secret', isSrtp: true, caller: 'browser' })
  const text = JSON.stringify(await site.explain('secret')) + site.ngpilot.logs()
  const keys = text.match(/inline:[A-Za-z0-9+/]{20}|ice-pwd:[A-Za-z0-9+/]{10}/g)
  assert.equal(keys, null)
  assert.match(text, /inline:\[masked\]/)
  assert.match(text, /ice-pwd:\[masked\]/)
})

test('a call that this instance does not know is said to be so', async () => {
  const reply = await fetch(`${site.ngpilot.url}/v1/calls/nobody/diagnosis`)
  assert.equal(reply.status, 404)
  assert.match(await reply.text(), /no history of the call/)
})
