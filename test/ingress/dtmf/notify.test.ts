import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NotifyReader } from '../../../src/ingress/dtmf/notify.ts'
import { encode } from '../../../src/ng/codec.ts'

const notify = (callid: string) => encode('0123456789abcdef', {
  notify: 'onDTMF',
  data: {
    callid, source_tag: 'A', tags: ['A', 'B'], type: 'DTMF', timestamp: 1, source_ip: '127.0.0.1', event: 11,
    duration: 100, volume: 8,
  },
})

test('notifications are read however the stream is cut; other messages are passed over', () => {
  const stream = Buffer.concat([notify('a"b'), encode('c1', { result: 'ok' }), notify('M2')])
  for (const size of [1, 3, 50, 1000]) {
    const reader = new NotifyReader()
    const count = Math.ceil(stream.length / size)
    const chunks = Array.from({ length: count }, (_, index) => stream.subarray(index * size, (index + 1) * size))
    const found = chunks.flatMap((chunk) => reader.push(chunk))
    assert.deepEqual(found.map(({ callId, event }) => [callId, event]), [['a"b', 11], ['M2', 11]])
  }
})

test('noise ends the stream, and an endless message does not fill the memory', () => {
  for (const noise of ['c noise that is none', 'c 5:hello', `c ${'d'.repeat(50)}`]) assert.throws(() => new NotifyReader().push(Buffer.from(noise)))
  const reader = new NotifyReader()
  assert.throws(() => { for (let count = 0; count < 100; count++) reader.push(Buffer.from('d1:ai1e'.repeat(200))) })
})
