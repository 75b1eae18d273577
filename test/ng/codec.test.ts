import assert from 'node:assert/strict'
import { test } from 'node:test'
import bencode from 'bencode'
import { NgpilotError } from '../../src/errors.ts'
import { decode, encode } from '../../src/ng/codec.ts'
import type { NgDictionary } from '../../src/ng/types.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const wire = (dictionary: string) => latin1(`c1 ${dictionary}`)

test('reads JSON as rtpengine does: booleans are numbers, an SDP is bytes', () => {
  const { cookie, message } = decode(wire('{"sdp":"v=0\\r\\n","flags":["a"],"x":true,"result":"ok"}'))
  assert.equal(cookie, 'c1')
  assert.deepEqual(message, { sdp: Buffer.from('v=0\r\n'), flags: ['a'], x: 1, result: 'ok' })
})

test('writes cookie, space and dictionary', () => {
  const bytes = encode('c1', { command: 'offer', flags: ['trust-address'], ptime: 20, codec: { strip: ['all'] } })
  assert.equal(bytes.toString(), 'c1 d7:command5:offer5:flagsl13:trust-addresse5:ptimei20e5:codecd5:stripl3:alleee')
})

test('reads a reply', () => {
  const { cookie, message } = decode(wire('d3:sdp4:v=0\n7:warning3:odd6:result2:oke'))
  assert.equal(cookie, 'c1')
  assert.deepEqual(message, { sdp: Buffer.from('v=0\n'), warning: 'odd', result: 'ok' })
})

test('carries SDP byte for byte both ways, bytes that are not UTF-8 included', () => {
  const sdp = Buffer.from([...Array(256).keys(), 0x0d, 0x0a])
  const { message } = decode(encode('c1', { command: 'offer', sdp }))
  assert.deepEqual(message.sdp, sdp)
})

test('hands out an SDP that later datagrams in the same buffer cannot change', () => {
  const bytes = encode('c1', { sdp: Buffer.from('v=0'), result: 'ok' })
  const { message } = decode(bytes)
  bytes.fill(0)
  assert.deepEqual(message.sdp, Buffer.from('v=0'))
})

test('keeps the audio of play media as bytes too', () => {
  const blob = Buffer.from([0xff, 0xfe, 0x00])
  assert.deepEqual(decode(encode('c1', { command: 'play media', blob })).message.blob, blob)
  assert.deepEqual(decode(encode('c1', { command: 'offer', moh: { blob } })).message.moh, { blob })
  assert.deepEqual(decode(wire('{"moh":{"blob":"RIFF"}}')).message.moh, { blob: Buffer.from('RIFF') })
})

test('carries text as UTF-8, by bytes and not by characters', () => {
  const texts = { label: 'Zürich ☎ 東京 😀', long: 'é'.repeat(100), mark: '\uFEFFx', empty: '' }
  const bytes = encode('c1', texts)
  assert.ok(bytes.includes(Buffer.from('23:Zürich ☎')))
  assert.deepEqual(decode(bytes).message, texts)
})

test('reads text that is not UTF-8 with replacement characters', () => {
  assert.deepEqual(decode(wire('d5:label2:\xff!e')).message, { label: '\uFFFD!' })
})

test('carries integers up to the safe range, and zero', () => {
  const numbers = { a: 0, b: -1, c: Number.MAX_SAFE_INTEGER, d: Number.MIN_SAFE_INTEGER }
  assert.deepEqual(decode(encode('c1', numbers)).message, numbers)
})

test('writes what the bencode package writes, once keys are sorted', () => {
  const message = { a: 'é', b: Buffer.from([0, 255]), c: [1, 'x', ['y', {}]], d: { e: -5, f: '' } }
  assert.deepEqual(encode('c1', message).subarray(3), Buffer.from(bencode.encode(message)))
})

test('writes the same bytes however many other strings were written in between', () => {
  const before = encode('c1', { command: 'ping' })
  for (let i = 0; i < 2000; i++) encode('c1', { 'call-id': `call ${i}` })
  assert.deepEqual(encode('c1', { command: 'ping' }), before)
})

test('lets the later of two equal keys win', () => {
  assert.deepEqual(decode(wire('d1:ai1e1:ai2ee')).message, { a: 2 })
})

test('lets the later of two equal keys win, whatever they are', () => {
  assert.deepEqual(decode(wire('d1:ade1:ai1e1:bi1e1:bl1:xee')).message, { a: 1, b: ['x'] })
})

test('builds lists and dictionaries when they are looked at, from bytes of its own, once', () => {
  const bytes = encode('c1', { tags: { a: ['é', { b: -1 }] }, result: 'ok' })
  const { message } = decode(bytes)
  bytes.fill(0)
  assert.deepEqual(message.tags, { a: ['é', { b: -1 }] })
  assert.equal(message.tags, message.tags)
  assert.deepEqual(Object.keys(message), ['tags', 'result'])
})

test('a list or dictionary can be replaced before anybody looked at it', () => {
  const { message } = decode(wire('d4:tagsde6:result2:oke'))
  message.tags = 'none'
  assert.deepEqual({ ...message }, { tags: 'none', result: 'ok' })
})

test('ignores what follows the dictionary, as rtpengine does', () => {
  assert.deepEqual(decode(wire('d6:result2:okegarbage')).message, { result: 'ok' })
})

test('keeps a key that every object has from its prototype apart from it', () => {
  const { message } = decode(wire('d8:toString1:xe'))
  assert.deepEqual(Object.keys(message), ['toString'])
})

for (const [what, bytes, message] of [
  ['an empty message', latin1(''), 'no cookie and space at the start of the message (byte 0)'],
  ['a message without a space', latin1('c1d7:command4:pinge'), 'no cookie and space at the start of the message (byte 0)'],
  ['a message that begins with a space', latin1(' d7:command4:pinge'), 'no cookie and space at the start of the message (byte 0)'],
  ['an endless cookie', latin1(`${'c'.repeat(300)} de`), 'the cookie is longer than 255 bytes (byte 255)'],
  ['a cookie alone', latin1('c1 '), 'the message ends where its dictionary should begin (byte 3)'],
  ['JSON that is none', wire('{"result":'), 'the message is not JSON (from byte 3)'],
  ['a fraction in JSON', wire('{"a":[1.5]}'), 'JSON holds 1.5, which NG has no place for (byte 3)'],
  ['a null in JSON', wire('{"a":null}'), 'JSON holds null, which NG has no place for (byte 3)'],
  ['a forbidden key in JSON', wire('{"a":{"__proto__":{}}}'), 'a dictionary has the forbidden key __proto__ (byte 3)'],
  ['a list at the top', wire('le'), 'the message is not a bencoded dictionary (byte 3)'],
  ['a string at the top', wire('2:ok'), 'the message is not a bencoded dictionary (byte 3)'],
  ['a dictionary without its end', wire('d6:result2:ok'), 'the message ends within the length of a string (byte 16)'],
  ['a key without a value', wire('d6:resulte'), '"e" in the length of a string (byte 12)'],
  ['a list without its end', wire('d1:al1:b'), 'the message ends within the length of a string (byte 11)'],
  ['a string that is cut short', wire('d6:result5:ok'), 'a string runs past the end of the message (byte 12)'],
  ['a length past any message', wire('d99999999999999999999:a'), 'a string runs past the end of the message (byte 4)'],
  ['a negative length', wire('d-1:ae'), '"-" in the length of a string (byte 4)'],
  ['a length with a plus', wire('d+1:ai1ee'), '"+" in the length of a string (byte 4)'],
  ['a length with a leading zero', wire('d01:ai1ee'), 'the length of a string has a leading zero (byte 4)'],
  ['a length without a colon', wire('d1ai1ee'), '"a" in the length of a string (byte 5)'],
  ['a length that ends the message', wire('d1'), 'the message ends within the length of a string (byte 5)'],
  ['a key that is an integer', wire('di1ei2ee'), '"i" in the length of a string (byte 4)'],
  ['an integer without digits', wire('d1:aiee'), '"e" in an integer (byte 8)'],
  ['an integer without its end', wire('d1:ai12'), 'the message ends within an integer (byte 10)'],
  ['a fraction', wire('d1:ai1.5ee'), '"." in an integer (byte 9)'],
  ['an integer with a plus', wire('d1:ai+1ee'), '"+" in an integer (byte 8)'],
  ['an integer with a leading zero', wire('d1:ai01ee'), 'an integer has a leading zero (byte 8)'],
  ['minus zero', wire('d1:ai-0ee'), 'an integer is minus zero (byte 7)'],
  ['an integer past the safe range', wire('d1:ai9007199254740992ee'), 'an integer is past the safe range (byte 7)'],
  ['a control character', wire('d\x00'), '0x00 in the length of a string (byte 4)'],
  ['lists 40 deep', wire(`d1:a${'l'.repeat(40)}${'e'.repeat(41)}`), 'lists and dictionaries lie more than 32 deep (byte 38)'],
  ['dictionaries 40 deep', wire(`${'d1:a'.repeat(40)}i1e${'e'.repeat(40)}`), 'lists and dictionaries lie more than 32 deep (byte 131)'],
  ['brackets without end', wire(`d1:a${'l'.repeat(60_000)}`), 'lists and dictionaries lie more than 32 deep (byte 38)'],
  ['the key __proto__', wire('d9:__proto__d1:ai1eee'), 'a dictionary has the forbidden key __proto__ (byte 6)'],
  ['the key constructor', wire('d11:constructor1:xe'), 'a dictionary has the forbidden key constructor (byte 7)'],
  ['the key prototype deeper in', wire('d1:ad9:prototype1:xee'), 'a dictionary has the forbidden key prototype (byte 10)'],
  ['__proto__ behind a byte order mark', wire('d12:\xef\xbb\xbf__proto__d1:ai1eee'), 'a dictionary has a key with a byte order mark or a replacement character in it (byte 7)'],
  ['a key that is not UTF-8', wire('d2:\xff\xfe1:xe'), 'a dictionary has a key that is not UTF-8 (byte 6)'],
  ['more than a datagram holds', Buffer.alloc(65_508, 'x'), 'the message has 65508 bytes, 65507 are allowed (byte 65507)'],
] as const) {
  test(`refuses ${what}`, () => {
    assert.throws(() => decode(bytes), new NgpilotError('ng_malformed', message))
  })
}

for (const [what, value, why] of [
  ['a fraction', 1.5, '1.5 is not a string, integer, list or dictionary'],
  ['an integer past the safe range', 2 ** 53, '9007199254740992 is not a string, integer, list or dictionary'],
  ['NaN', NaN, 'NaN is not a string, integer, list or dictionary'],
  ['a boolean', true, 'true is not a string, integer, list or dictionary'],
  ['null', null, 'null is not a string, integer, list or dictionary'],
] as const) {
  test(`does not send ${what}`, () => {
    const message = { command: 'offer', ptime: value } as unknown as NgDictionary
    assert.throws(() => encode('c1', message), new NgpilotError('bad_request', `NG key "ptime" cannot be sent: ${why}`))
  })
}

test('does not send what refers to itself', () => {
  const flags: NgDictionary = {}
  flags.flags = flags
  assert.throws(() => encode('c1', flags), new NgpilotError('bad_request', 'NG key "flags" cannot be sent: more than 32 levels deep'))
})
