import assert from 'node:assert/strict'
import test from 'node:test'
import type { ErrorCode } from '../../src/errors.ts'
import { parseSdp, sdpBytes } from '../../src/sdp/parse.ts'
import { growth, mutate, seeded, survives } from './hostile.ts'
import { sample, sampleNames, sdpFrom } from './samples.ts'

/** Not an SDP, an SDP that no node could use, and the one file with other line endings. */
const refused: Record<string, string> = {
  'trickle-fragment': 'line 1: not "v=0"',
  'bad-web-empty-format-list': 'line 5: the m-line has no protocol or no format',
  'bad-no-connection-line': 'line 5: no c= for this m-line, nor for the session',
}

test('writes every sample back byte for byte', () => {
  const names = sampleNames().filter((name) => !(name in refused) && name !== 'bad-lf-endings')
  assert.ok(names.length > 90)
  for (const name of names) assert.deepEqual(sdpBytes(parseSdp(sample(name))), sample(name), name)
})

test('refuses the samples that no node could use, with the line', () => {
  for (const [name, message] of Object.entries(refused)) {
    assert.throws(() => parseSdp(sample(name)), { code: 'sdp_invalid', message }, name)
  }
})

test('reads kind, port, protocol and formats of each m-line', () => {
  const { session, media } = parseSdp(sample('firefox-av-maxbundle-gathered'))
  assert.equal(session[0], 'v=0')
  assert.deepEqual(media.map(({ kind, port, protocol }) => [kind, port, protocol]), [
    ['audio', media[0]?.port, 'UDP/TLS/RTP/SAVPF'], ['video', 0, 'UDP/TLS/RTP/SAVPF'],
  ])
  assert.deepEqual(parseSdp(sample('t38-reinvite')).media[0]?.formats, ['t38'])
})

test('accepts bare LF, mixed endings, a missing last ending and empty lines at the end, and writes CRLF', () => {
  const plain = sdpFrom('v=0', 'c=IN IP4 192.0.2.1', 'm=audio 9 RTP/AVP 0')
  const lf = plain.toString().replaceAll('\r', '')
  for (const text of [lf, lf.replace('\n', '\r\n'), lf.trimEnd(), `${lf}\r\n\n`]) {
    assert.deepEqual(sdpBytes(parseSdp(Buffer.from(text))), plain)
  }
  assert.ok(!/[^\r]\n/.test(sdpBytes(parseSdp(sample('bad-lf-endings'))).toString()))
})

test('keeps bytes that are no UTF-8', () => {
  const bytes = sdpFrom('v=0', 's=\xff\xfe caf\xe9', 'c=IN IP4 192.0.2.1', 'm=audio 9 RTP/AVP 0', 'a=x:\x80')
  assert.deepEqual(sdpBytes(parseSdp(bytes)), bytes)
})

test('leaves double spaces and the number of ports in the line', () => {
  const bytes = sdpFrom('v=0', 'c=IN IP4 192.0.2.1', 'm=audio  49170/2 RTP/AVP 0  8 ')
  const sdp = parseSdp(bytes)
  assert.deepEqual([sdp.media[0]?.port, sdp.media[0]?.formats], [49_170, ['0', '8']])
  assert.deepEqual(sdpBytes(sdp), bytes)
})

test('accepts a rejected m-line without c=', () => {
  assert.equal(parseSdp(sdpFrom('v=0', 'm=video 0 RTP/AVP 31', 'm=audio 9 RTP/AVP 0', 'c=IN IP4 192.0.2.1')).media.length, 2)
})

test('refuses what no node could use, and says where', () => {
  const head = ['v=0', 'c=IN IP4 192.0.2.1']
  const cases: [Buffer, RegExp, ErrorCode?][] = [
    [Buffer.alloc(0), /empty/],
    [Buffer.from('\r\n\r\n'), /empty/],
    [sdpFrom('v=1', ...head), /^line 1: not "v=0"/],
    [sdpFrom(...head), /no m-line/],
    [sdpFrom(...head, 'm=audio x RTP/AVP 0'), /^line 3: the port/],
    [sdpFrom(...head, 'm=audio 65536 RTP/AVP 0'), /^line 3: the port/],
    [sdpFrom(...head, 'm=audio -1 RTP/AVP 0'), /^line 3: the port/],
    [sdpFrom(...head, 'm=audio 9 RTP/AVP'), /^line 3: the m-line has no/],
    [sdpFrom(...head, 'm=audio'), /^line 3: the port/],
    [sdpFrom(...head, '', 'm=audio 9 RTP/AVP 0'), /^line 3: not of the form/],
    [sdpFrom(...head, 'nonsense'), /^line 3: not of the form/],
    [sdpFrom(...head, 'm=audio 9 RTP/AVP 0', 'a=\0'), /^line 4: a NUL/],
    [sdpFrom(...head, 'm=audio 9 RTP/AVP 0', 'a=x\ra=y'), /^line 4: .*CR without LF/],
    [sdpFrom('v=0', 'm=audio 9 RTP/AVP 0', 'c=IN IP4 192.0.2.1', 'm=audio 9 RTP/AVP 0'), /^line 4: no c=/],
    [sdpFrom(...head, ...Array<string>(101).fill('m=audio 9 RTP/AVP 0')), /more than 100/, 'too_large'],
  ]
  for (const [bytes, message, code = 'sdp_invalid'] of cases) assert.throws(() => parseSdp(bytes), { code, message })
})

test('takes time in proportion to the size, up to 64 KB', () => {
  const head = ['v=0', 'c=IN IP4 192.0.2.1', 'm=audio 9 RTP/AVP 0']
  const shapes = [
    (size: number) => sdpFrom(...head, `a=${'x'.repeat(size)}`),
    (size: number) => sdpFrom(...head, 'a=x\r\n'.repeat(size / 5) + 'a=x'),
    (size: number) => sdpFrom(...head.slice(0, 2), `m=audio 9 RTP/AVP ${'0 '.repeat(size / 2)}`),
  ]
  for (const shape of shapes) assert.ok(growth(shape, 16 * 1024, parseSdp) < 9)
})

test('meets 40,000 broken SDPs with a value or an NgpilotError', () => {
  const random = seeded(8866)
  const originals = sampleNames().map(sample)
  let good = 0
  for (let run = 0; run < 40_000; run++) {
    const bytes = mutate(originals[run % originals.length] ?? Buffer.alloc(0), random)
    if (survives(() => sdpBytes(parseSdp(bytes)))) good++
  }
  assert.ok(good > 8000 && good < 40_000)
})
