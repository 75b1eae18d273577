import assert from 'node:assert/strict'
import test from 'node:test'
import type { ErrorCode } from '../../src/errors.ts'
import { valuesOf } from '../../src/sip/headers.ts'
import { parseSipMessage, startsCall } from '../../src/sip/message.ts'
import { growth, mutate, seeded, survives } from '../sdp/hostile.ts'
import { sample } from '../sdp/samples.ts'
import { invite, inviteWith } from './samples.ts'

test('reads a request', () => {
  const { headers, body, ...rest } = parseSipMessage(invite())
  assert.deepEqual(rest, {
    method: 'INVITE', requestUri: 'sip:1000@example.com', callId: '8dj3kd93jd', fromTag: 'abc123',
    fromUri: 'sip:alice@example.com', toUri: 'sip:1000@example.com', viaBranch: 'z9hG4bK7654321',
    cseq: { number: 1, method: 'INVITE' }, userAgent: 'JsSIP 3.1', contentType: 'application/sdp',
  })
  assert.deepEqual(body, sample('chromium-audio-gathered'))
  assert.equal(headers.length, 11)
})

test('reads a reply in compact form', () => {
  const reply = parseSipMessage(Buffer.from([
    'SIP/2.0 183 Session Progress', 'v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa, SIP/2.0/UDP 192.0.2.2', 'V: SIP/2.0/TCP [2001:db8::1]:5060;branch=z9hG4bKc',
    'f: sip:alice@example.com;tag=a', 't: <tel:+441632960001>;tag=b', 'i: x@y', 'CSeq : 314 INVITE', 'c: application/sdp', 'l: 3', '', 'v=0',
  ].join('\r\n')))
  assert.deepEqual([reply.status, reply.reason, reply.method], [183, 'Session Progress', undefined])
  assert.deepEqual([reply.fromTag, reply.toTag, reply.fromUri, reply.toUri], ['a', 'b', 'sip:alice@example.com', 'tel:+441632960001'])
  assert.deepEqual(reply.cseq, { number: 314, method: 'INVITE' })
  assert.equal(reply.viaBranch, 'z9hG4bKa')
  assert.equal(reply.body.toString(), 'v=0')
})

test('reads a reply without a reason', () => {
  for (const line of ['SIP/2.0 200', 'SIP/2.0 200 ']) {
    const { status, reason } = parseSipMessage(invite({ lines: ([, ...rest]) => [line, ...rest] }))
    assert.deepEqual([status, reason], [200, ''])
  }
})

test('gives all values of a header, by any of its names', () => {
  const message = parseSipMessage(inviteWith('Supported', 'Supported: ice', 'k: path, gruu', 'SUPPORTED:timer', 'X-Trunk:  acme  '))
  assert.deepEqual(valuesOf(message, 'supported'), ['ice', 'path, gruu', 'timer'])
  assert.deepEqual(valuesOf(message, 'K'), ['ice', 'path, gruu', 'timer'])
  assert.deepEqual(valuesOf(message, 'x-trunk'), ['acme'])
  assert.deepEqual(valuesOf(message, '__proto__'), [])
})

test('unfolds header lines', () => {
  const message = parseSipMessage(inviteWith('From', 'From:', '  "A', '\tB" <sip:a@b>', ' ;tag=', ' folded'))
  assert.equal(message.fromTag, 'folded')
  assert.deepEqual(valuesOf(message, 'From'), ['"A B" <sip:a@b> ;tag= folded'])
})

test('accepts bare LF, mixed endings and empty lines before the start line', () => {
  const body = Buffer.from('v=0\n\nrest\r\n')
  for (const bytes of [
    invite({ body, ending: '\n' }), invite({ body, lines: ([first, ...rest]) => [`${first ?? ''}\nX-Mixed: yes`, ...rest] }),
    Buffer.concat([Buffer.from('\r\n\n\r\n'), invite({ body })]),
  ]) assert.deepEqual(parseSipMessage(bytes).body, body)
})

test('cuts the body at Content-Length, and without one takes it to the end', () => {
  assert.equal(parseSipMessage(Buffer.concat([invite({ body: Buffer.from('12345') }), Buffer.from('tail')])).body.toString(), '12345')
  assert.deepEqual(parseSipMessage(inviteWith('Content-Length')).body, sample('chromium-audio-gathered'))
  assert.equal(parseSipMessage(inviteWith('Content-Length', 'l: 0')).body.length, 0)
})

test('keeps every byte of a body that is no UTF-8', () => {
  const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  assert.deepEqual(parseSipMessage(invite({ body })).body, body)
})

test('reads display names as UTF-8', () => {
  const message = parseSipMessage(inviteWith('User-Agent', 'User-Agent: téléphone ☎'))
  assert.equal(message.userAgent, 'téléphone ☎')
})

test('refuses a message cut short wherever it is cut', () => {
  const whole = invite()
  for (let length = 0; length < whole.length; length += 7) {
    assert.throws(() => parseSipMessage(whole.subarray(0, length)), { code: 'bad_request', message: /cut short/ })
  }
})

test('refuses what can be read in two ways, and what is missing or broken, and says where', () => {
  const cases: [Buffer, RegExp][] = [
    [inviteWith('Call-ID'), /^Call-ID: the header is missing/],
    [inviteWith('From'), /^From: the header is missing/],
    [inviteWith('To'), /^To: the header is missing/],
    [inviteWith('CSeq'), /^CSeq: the header is missing/],
    [inviteWith('Via'), /^Via: the header is missing/],
    [inviteWith('Content-Length', 'Content-Length: 5', 'Content-Length: 7'), /^Content-Length \(line 13\): a second one; the first is on line 12/],
    [inviteWith('Content-Length', 'Content-Length: 5', 'l: 5'), /^Content-Length \(line 13\): a second one/],
    [inviteWith('Content-Length', 'Content-Length: 5, 5'), /^Content-Length \(line 12\): not a number/],
    [inviteWith('Content-Length', 'Content-Length: 0x10'), /not a number/],
    [inviteWith('Content-Length', 'Content-Length: -1'), /not a number/],
    [inviteWith('Content-Length', 'Content-Length:'), /not a number/],
    [inviteWith('Content-Length', 'Content-Length: 9999'), /^Content-Length \(line 12\): the body is cut short: 1732 bytes instead of 9999/],
    [inviteWith('Call-ID', 'Call-ID: a', 'i: b'), /^Call-ID \(line 7\): a second one/],
    [inviteWith('From', 'From: <sip:a@b>;tag=a', 'f: <sip:a@b>;tag=b'), /^From \(line 6\): a second one/],
    [inviteWith('From', 'From: <sip:a@b>'), /^From \(line 5\): the tag is missing/],
    [inviteWith('From', 'From: <sip:a@b>;tag='), /^From \(line 5\): the tag is missing/],
    [inviteWith('From', 'From: <sip:a@b>;tag=a;TAG=b'), /^From \(line 5\): a parameter comes twice/],
    [inviteWith('From', 'From: <sip:a@b>;tag=é'), /^From \(line 5\): .*printable ASCII/],
    [inviteWith('Call-ID', 'Call-ID:  '), /^Call-ID: empty/],
    [inviteWith('Call-ID', 'Call-ID: é'), /^Call-ID: .*printable ASCII/],
    [inviteWith('CSeq', 'CSeq: INVITE'), /^CSeq \(line 7\)/],
    [inviteWith('CSeq', 'CSeq: 2147483648 INVITE'), /^CSeq \(line 7\)/],
    [inviteWith('Supported', 'Supported ice'), /^line 10: a header without a colon/],
    [inviteWith('Supported', ': ice'), /^line 10: .*no header name/],
    [inviteWith('Supported', 'Sup ported: ice'), /^line 10: .*no header name/],
    [inviteWith('Supported', 'Supported: a\0b'), /^line 10: a control character/],
    [inviteWith('Supported', 'Supported: a\rContent-Length: 1'), /^line 10: a control character/],
    [inviteWith('Supported', 'Supported: \x7f'), /^line 10: a control character/],
    [invite({ lines: ([, ...rest]) => ['INVITE sip:a b SIP/2.0', ...rest] }), /^line 1: neither/],
    [invite({ lines: ([, ...rest]) => ['INVITE sip:a SIP/3.0', ...rest] }), /^line 1: neither/],
    [invite({ lines: ([, ...rest]) => ['SIP/2.0 99 Odd', ...rest] }), /^line 1: neither/],
    [invite({ lines: ([, ...rest]) => ['GET / HTTP/1.1', ...rest] }), /^line 1: neither/],
    [invite({ lines: ([first, ...rest]) => [first ?? '', ' folded', ...rest] }), /^line 2: a continuation/],
  ]
  for (const [bytes, message] of cases) assert.throws(() => parseSipMessage(bytes), { code: 'bad_request', message })
})

test('names the line that a person would count, empty ones before the start line included', () => {
  const bytes = Buffer.concat([Buffer.from('\r\n\r\n'), inviteWith('Supported', 'no colon')])
  assert.throws(() => parseSipMessage(bytes), { message: /^line 12: a header without a colon/ })
})

test('stops at 16 KB and at 200 headers', () => {
  const code: ErrorCode = 'too_large'
  assert.throws(() => parseSipMessage(inviteWith('Supported', `X: ${'x'.repeat(16_384)}`)), { code })
  assert.throws(() => parseSipMessage(inviteWith('Supported', ...Array<string>(200).fill('X: y'))), { code, message: /more than 200/ })
  assert.ok(parseSipMessage(inviteWith('Supported', `X: ${'x'.repeat(15_000)}`)))
})

test('reads headers in time proportional to their size', () => {
  const hostile: ((size: number) => Buffer)[] = [
    (size) => inviteWith('Supported', `Supported: ${' \t'.repeat(size / 2)}x`),
    (size) => inviteWith('From', `From: "${'\\"'.repeat(size / 2)}`),
    (size) => inviteWith('From', `From: <sip:a@b>${';'.repeat(size)}`),
    (size) => inviteWith('From', `From: <sip:a@b>${';a= \t'.repeat(size / 5)}`),
    (size) => inviteWith('To', `To: ${'<'.repeat(size)}`),
    (size) => inviteWith('Via', `Via: ${'"",'.repeat(size / 3)}`),
    (size) => inviteWith('Supported', 'Supported: a', ' \r\n'.repeat(size / 3) + ' x'),
    (size) => inviteWith('CSeq', `CSeq: 1${' '.repeat(size)}`),
    (size) => invite({ lines: ([, ...rest]) => [`INVITE ${'a'.repeat(size)}`, ...rest] }),
  ]
  for (const [index, shape] of hostile.entries()) {
    assert.ok(growth(shape, 3500, (bytes) => survives(() => parseSipMessage(bytes))) < 9, `shape ${index}`)
  }
})

test('meets 40,000 broken messages with a value or an NgpilotError', () => {
  const random = seeded(3261)
  const originals = [invite({ body: Buffer.from('v=0\r\n') }), inviteWith('To', 't: "B \\" <x>" <tel:+1;x=y>;tag="a;b"'), inviteWith('Via', 'v: a;branch=b, c;x=","')]
  let good = 0
  for (let run = 0; run < 40_000; run++) {
    if (survives(() => parseSipMessage(mutate(originals[run % 3] ?? Buffer.alloc(0), random)))) good++
  }
  assert.ok(good > 4000 && good < 38_000)
})

test('an INVITE starts a call unless To has a tag, whatever its headers are called', () => {
  const inviteTo = (to: string) => Buffer.from(`INVITE sip:b@x SIP/2.0\r\nFrom: <sip:a@x>;tag=1\r\n${to}\r\nCall-ID: c\r\n\r\nv=0\r\n`)
  for (const to of ['To: <sip:b@x>', 't: "tag=" <sip:b@x>', 'TO:<sip:b@x>;user=phone']) assert.ok(startsCall(inviteTo(to)), to)
  for (const to of ['To: <sip:b@x>;tag=2', 't : <sip:b@x>;x=y; Tag = 2']) assert.ok(!startsCall(inviteTo(to)), to)
  for (const other of ['ACK sip:b@x SIP/2.0\r\nTo: <sip:b@x>\r\n\r\n', 'SIP/2.0 200 OK\r\nTo: <sip:b@x>\r\n\r\n', '']) {
    assert.ok(!startsCall(Buffer.from(other)), other)
  }
})
