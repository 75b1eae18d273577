import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeStatistics } from '../../src/calls/merged-statistics.ts'

test('counters add up, averages become the mean, extremes stay, lists are joined, numbers in strings stay strings', () => {
  const one = {
    currentstatistics: { sessionsown: 2 }, totalstatistics: { uptime: '100', totalcallsduration: '1.500000' }, mos_samples_total: 4,
    intervalstatistics: { minofferdelay: '0.001', maxofferdelay: '0.010', avgofferdelay: '0.002' }, interfaces: [{ name: 'a' }],
  }
  const other = {
    currentstatistics: { sessionsown: 3, media_kernel: 1 }, totalstatistics: { uptime: '301', totalcallsduration: '2.250000' }, mos_samples_total: 6,
    intervalstatistics: { minofferdelay: '0.002', maxofferdelay: '0.008', avgofferdelay: '0.004' }, interfaces: [{ name: 'b' }, { name: 'c' }],
  }
  assert.deepEqual(mergeStatistics([one, undefined, other]), {
    currentstatistics: { sessionsown: 5, media_kernel: 1 }, totalstatistics: { uptime: '201', totalcallsduration: '3.750000' }, mos_samples_total: 10,
    intervalstatistics: { minofferdelay: '0.001', maxofferdelay: '0.010', avgofferdelay: '0.003' }, interfaces: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
  })
  assert.deepEqual(mergeStatistics([]), {})
})
