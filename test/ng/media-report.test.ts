import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mediaReportOf } from '../../src/ng/media-report.ts'

/** A query's reply of a call whose callee sent these reports: MOS, jitter in ms, loss in percent, round trip in ms. */
function heardIn (...reports: [mos: number, jitter: number, loss: number, roundTrip: number][]) {
  const entries = reports.map(([mos, jitter, loss, roundTrip]) =>
    ({ MOS: mos * 10, jitter, 'packet loss': loss, 'round-trip time leg': roundTrip * 1000 }))
  const mean = (of: (report: (typeof reports)[number]) => number) =>
    Math.round(reports.reduce((sum, each) => sum + of(each), 0) / reports.length)
  const average = {
    MOS: mean(([mos]) => mos * 10), jitter: mean((each) => each[1]), 'packet loss': mean((each) => each[2]),
    'round-trip time leg': mean((each) => each[3] * 1000), samples: reports.length,
  }
  const stream = { 'local port': 30_000, SSRC: 7, flags: ['RTP'], stats: { packets: 100, bytes: 17_200, errors: 0 } }
  const { legs: [leg] } = mediaReportOf({
    result: 'ok',
    SSRC: { 7: { 'average MOS': average, 'MOS progression': { interval: 0, entries } } },
    tags: { B: { tag: 'B', subscriptions: [], medias: [{ index: 1, type: 'audio', protocol: 'RTP/AVP', flags: [], streams: [stream] }] } },
  })
  return leg?.media[0]?.rtp.heard
}

test('tells what was reported for a moment from what stays', () => {
  const once = heardIn([4.4, 1, 0, 2], [2.5, 200, 30, 900], [4.4, 2, 0, 3])
  assert.deepEqual(once?.sustained, { mos: 4.4, jitterMs: 2, lossPercent: 0, roundTripMs: 2 })
  assert.deepEqual([once.jitterMs, once.lossPercent], [68, 10])
  const always = heardIn([2.6, 60, 9, 400], [2.5, 70, 11, 420], [2.7, 80, 10, 390], [4.4, 1, 0, 380])
  assert.deepEqual(always?.sustained, { mos: 2.7, jitterMs: 60, lossPercent: 10, roundTripMs: 380 })
})

test('a report without a MOS counts for loss and jitter, and without single ones the averages stand', () => {
  assert.equal(heardIn([0, 60, 5, 0], [4.4, 60, 5, 3], [4.4, 60, 5, 4])?.sustained.roundTripMs, 3)
  const { sustained, ...averages } = heardIn([4, 10, 1, 20]) ?? {}
  assert.deepEqual({ ...sustained, samples: 1 }, averages)
})
