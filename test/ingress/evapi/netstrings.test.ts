import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetstringReader, netstring } from '../../../src/ingress/evapi/netstrings.ts'

const frames = ['{"id":"1","message":"a,7:{\\"b\\""}', '{"id":"2"}', `{"id":"3","message":"${'x'.repeat(500)}"}`]
const stream = Buffer.concat(frames.map(netstring))

function read (chunks: Buffer[]) {
  const reader = new NetstringReader()
  const all = chunks.map((chunk) => reader.push(chunk))
  return {
    payloads: all.flatMap(({ payloads }) => payloads.map(String)),
    broken: all.reduce((sum, { broken }) => sum + broken, 0),
  }
}

test('frames are read however the stream is cut', () => {
  for (const size of [1, 2, 3, 7, 40, 4096, 100_000]) {
    const count = Math.ceil(stream.length / size)
    const chunks = Array.from({ length: count }, (_, index) => stream.subarray(index * size, (index + 1) * size))
    assert.deepEqual(read(chunks), { payloads: frames, broken: 0 }, `cut every ${size} bytes`)
  }
})

test('the length counts bytes', () => {
  assert.deepEqual(read([netstring('{"reason":"ü"}')]), { payloads: ['{"reason":"ü"}'], broken: 0 })
})

const faults: Record<string, Buffer> = {
  'a text that Kamailio cut at a NUL': Buffer.from('2000:{"id":"0","message":"INVITE,'),
  'a length that is too short': Buffer.from('5:{"id":"0"},'),
  'a length that is none': Buffer.from('{"id":"0"},'),
  'a length beyond all bounds': Buffer.from('99999999999:{"id":"0"},'),
  'a length over the limit': Buffer.from('999999:{"id":"0"},'),
  noise: Buffer.from([0, 255, 254, 58, 44, 49, 44]),
}
for (const [name, fault] of Object.entries(faults)) {
  test(`${name} costs its frame alone, and the next one is not held up`, () => {
    const expected = { payloads: ['{"id":"before"}', ...frames], broken: 1 }
    const parts = [netstring('{"id":"before"}'), fault, ...frames.map(netstring)]
    assert.deepEqual(read(parts), expected, 'in pieces')
    assert.deepEqual(read([Buffer.concat(parts)]), expected, 'in one piece')
    const bytes = Buffer.concat(parts)
    assert.deepEqual(read(Array.from(bytes, (byte) => Buffer.from([byte]))), expected, 'byte by byte')
  })
}

test('random bytes, whole frames among them, neither throw nor pile up', () => {
  let seed = 7
  const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff
  const reader = new NetstringReader()
  for (let round = 0; round < 20_000; round++) {
    const noise = Buffer.from(Array.from({ length: Math.floor(random() * 40) }, () => '0123456789:,{"}ax\0'.charCodeAt(Math.floor(random() * 18))))
    reader.push(noise)
    if (round % 100 === 99) {
      reader.push(Buffer.alloc(131_072, 'z')) // ends whatever frame has begun
      const { payloads } = reader.push(Buffer.concat([Buffer.from(','), netstring('{"id":"whole"}'), netstring('{"id":"whole"}')]))
      assert.equal(payloads.at(-1)?.toString(), '{"id":"whole"}')
    }
  }
})
