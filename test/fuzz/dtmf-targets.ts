import { digitOf, readDtmf } from '../../src/ingress/dtmf/datagram.ts'
import { NotifyReader } from '../../src/ingress/dtmf/notify.ts'
import { encode } from '../../src/ng/codec.ts'
import { codec } from './ng-targets.ts'
import type { Target } from './target.ts'

/** What rtpengine tells of keys, whose Call-ID and tags are the caller's and not escaped. */
export const datagrams: Target = {
  name: 'DTMF datagrams',
  seeds: ['call-1@192.0.2.1', 'a","source_tag":"b', '\\', ''].flatMap((callId) => ['', '"source_label":"x",'].map((label) => Buffer.from(
    `{"callid":"${callId}","source_tag":"t1",${label}"tags":["t1","t2"],"type":"DTMF","timestamp":1,"source_ip":"192.0.2.1","event":5,"duration":120,"volume":10}`))),
  alphabet: Buffer.from('{}[]":,0129abt_\\\x00\xff', 'latin1'),
  run (input) {
    const readings = readDtmf(input)
    if (readings.some(({ event }) => digitOf({ event }) === '')) throw new Error('a key that there is not')
    return readings.length > 0 ? 'taken' : 'refused'
  },
}

/** The same over TCP-NG: a stream that holds what is no message is refused as a whole. */
export const notifications: Target = {
  name: 'TCP-NG notifications',
  seeds: ['onDTMF', 'onOther'].flatMap((notify) => [1, 3].map((count) => Buffer.concat(Array<Buffer>(count).fill(encode('cookie', {
    notify, data: { callid: 'c1', source_tag: 't1', tags: ['t1', 't2'], type: 'DTMF', timestamp: 1, source_ip: '192.0.2.1', event: 5, duration: 120, volume: 10 },
  }))))),
  alphabet: codec.alphabet,
  run (input, random) {
    const reader = new NotifyReader()
    let found = 0
    for (let at = 0; at < input.length;) {
      const chunk = input.subarray(at, at += 1 + random(input.length))
      try {
        found += reader.push(chunk).length
      } catch {
        return 'refused'
      }
    }
    return found > 0 ? 'taken' : 'refused'
  },
}
