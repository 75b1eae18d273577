import assert from 'node:assert/strict'
import test from 'node:test'
import { replaceSdp, sdpOf } from '../../src/sip/body.ts'
import { parseSipMessage } from '../../src/sip/message.ts'
import type { SipMessage } from '../../src/sip/message.ts'
import { growth, mutate, seeded, survives } from '../sdp/hostile.ts'
import { sample } from '../sdp/samples.ts'
import { invite } from './samples.ts'

const sdp = sample('baresip-plain')

function messageWith (contentType: string | undefined, body: Buffer, ...more: string[]): SipMessage {
  return parseSipMessage(invite({
    body, lines: (lines) => [
      ...lines.filter((line) => !line.startsWith('Content-Type')),
      ...(contentType === undefined ? [] : [`Content-Type: ${contentType}`]), ...more,
    ],
  }))
}

/** A multipart body; each part is its header lines and its content. */
function multipart (parts: [string[], Buffer][], boundary = 'b-1', ending = '\r\n'): Buffer {
  return Buffer.concat([
    Buffer.from(`preamble${ending}`),
    ...parts.flatMap(([headers, content]) => [Buffer.from([`--${boundary}`, ...headers, '', ''].join(ending)), content, Buffer.from(ending)]),
    Buffer.from(`--${boundary}--${ending}epilogue`),
  ])
}

const isup: [string[], Buffer] = [['Content-Type: application/isup;version=nxv3', 'Content-Disposition: signal'], Buffer.from([1, 0, 255, 13, 10, 10, 128])]
const sdpPart: [string[], Buffer] = [['content-type : APPLICATION/SDP'], sdp]
const mixed = 'multipart/mixed;boundary=b-1'

test('finds the SDP that is the body', () => {
  assert.deepEqual(sdpOf(messageWith('application/sdp', sdp)), sdp)
  assert.deepEqual(sdpOf(messageWith(' Application/SDP ; charset=x', sdp)), sdp)
})

test('finds none where there is none', () => {
  assert.equal(sdpOf(messageWith('application/sdp', Buffer.alloc(0))), undefined)
  assert.equal(sdpOf(messageWith(undefined, sdp)), undefined)
  for (const type of ['application/trickle-ice-sdpfrag', 'application/dtmf-relay', 'application/sdpx', 'text/plain']) {
    assert.equal(sdpOf(messageWith(type, sdp)), undefined, type)
  }
})

test('finds the SDP part of a multipart body byte for byte', () => {
  const odd = Buffer.from('v=0\r\n--b-1x\r\ns=\xff\r\n\r\n', 'latin1')
  assert.deepEqual(sdpOf(messageWith(mixed, multipart([isup, sdpPart]))), sdp)
  assert.deepEqual(sdpOf(messageWith(mixed, multipart([sdpPart, isup], 'b-1', '\n'))), sdp)
  assert.deepEqual(sdpOf(messageWith('multipart/related; boundary="a b?"', multipart([isup, sdpPart], 'a b?'))), sdp)
  assert.deepEqual(sdpOf(messageWith(mixed, multipart([[['c: application/sdp'], Buffer.from('a\nb')]]))), Buffer.from('a\nb'))
  assert.throws(() => sdpOf(messageWith(mixed, multipart([isup, [['c: text/plain'], odd]]).subarray(0, 90))), { code: 'bad_request' })
})

test('passes over parts that are no session description', () => {
  const early: [string[], Buffer] = [['Content-Type: application/sdp', 'Content-Disposition: early-session'], Buffer.from('early')]
  const bare: [string[], Buffer] = [[], Buffer.from('text')]
  assert.deepEqual(sdpOf(messageWith(mixed, multipart([early, bare, sdpPart]))), sdp)
  assert.equal(sdpOf(messageWith(mixed, multipart([early, bare, isup]))), undefined)
})

test('refuses a body that it cannot take apart or decode', () => {
  assert.throws(() => sdpOf(messageWith('multipart/mixed', multipart([sdpPart]))), { code: 'bad_request', message: /boundary/ })
  assert.throws(() => sdpOf(messageWith('multipart/mixed;boundary=other', multipart([sdpPart]))), { code: 'bad_request', message: /delimiter/ })
  assert.throws(() => sdpOf(messageWith('application/sdp', sdp, 'e: gzip')), { code: 'unsupported_media_type' })
  const base64: [string[], Buffer] = [['c: application/sdp', 'Content-Transfer-Encoding: base64'], sdp]
  assert.throws(() => sdpOf(messageWith(mixed, multipart([base64]))), { code: 'unsupported_media_type' })
})

test('replaces the SDP and leaves the other parts as they came', () => {
  const changed = Buffer.from('v=0\r\ns=new\r\n')
  assert.deepEqual(replaceSdp(messageWith('application/sdp', sdp), changed), changed)
  const message = messageWith(mixed, multipart([isup, sdpPart, isup]))
  assert.deepEqual(replaceSdp(message, changed), multipart([isup, [sdpPart[0], changed], isup]))
  assert.deepEqual(replaceSdp(message, sdp), message.body)
})

test('takes time in proportion to the size', () => {
  for (const piece of ['\r\n--b-1\r\n', '\r\n--b-1\r\n\r\n', '--b-1', '\n', '\r\n--b-1\r\nX: y']) {
    const message = messageWith(mixed, sdp)
    const shape = (size: number) => Buffer.from(piece.repeat(size))
    assert.ok(growth(shape, 2048, (body) => survives(() => sdpOf({ ...message, body }))) < 9, JSON.stringify(piece))
  }
})

test('meets 20,000 broken multipart bodies with a value or an NgpilotError', () => {
  const random = seeded(5621)
  const whole = multipart([isup, sdpPart])
  const message = messageWith(mixed, whole)
  for (let run = 0; run < 20_000; run++) survives(() => sdpOf({ ...message, body: mutate(whole, random) }))
})
