import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NgpilotError } from '../../src/errors.ts'
import { decode, encode } from '../../src/ng/codec.ts'

const seed = 20260723
const inputs = 200_000

const sound = [
  encode('c-1', { command: 'ping' }),
  encode('c-2', { sdp: Buffer.from('v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n'), result: 'ok' }),
  encode('c-3', { command: 'offer', flags: ['trust-address', 'é'], ptime: -20, codec: { strip: ['all'], offer: [] } }),
  Buffer.from('c-4 d9:__proto__d8:polluted4:true6:resulti007eee'),
  Buffer.from('c-5 d4:tagsd1:ad6:mediasld7:streamsld5:statsd7:packetsi12eeeeeeeee6:result2:oke'),
]

test(`every one of ${inputs} mutated and random messages is read or refused (seed ${seed})`, () => {
  const random = randomSource(seed)
  const prototypes: object[] = [Object.prototype, Array.prototype, Uint8Array.prototype, Map.prototype]
  const before = prototypes.map((prototype) => Reflect.ownKeys(prototype))
  let read = 0
  for (let i = 0; i < inputs; i++) {
    const bytes = i % 8 === 0 ? randomBytes(random) : mutated(sound[random(sound.length)] ?? Buffer.alloc(0), random)
    try {
      const { cookie, message } = decode(bytes)
      // What was read can be written, and then reads the same: nothing was half understood.
      assert.deepEqual(decode(encode(cookie, message)).message, message)
      assert.equal(Object.getPrototypeOf(message), Object.prototype)
      read++
    } catch (error) {
      assert.ok(error instanceof NgpilotError && error.code === 'ng_malformed', `${bytes.toString('latin1')}: ${String(error)}`)
    }
  }
  assert.ok(read > inputs / 100, `only ${read} were sound, the mutations are too wild`)
  assert.deepEqual(prototypes.map((prototype) => Reflect.ownKeys(prototype)), before)
  assert.equal((({}) as Record<string, unknown>).polluted, undefined)
})

/** Numerical Recipes' linear congruence: the same inputs at every run. */
function randomSource (state: number): (below: number) => number {
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

type Random = ReturnType<typeof randomSource>

const structure = Buffer.from('deli0123456789:-+. \xff\x00_p')

function randomByte (random: Random): number {
  return random(4) === 0 ? random(256) : structure[random(structure.length)] ?? 0
}

function randomBytes (random: Random): Buffer {
  const bytes = Buffer.from(Array.from({ length: random(40) }, () => randomByte(random)))
  return random(2) === 0 ? bytes : Buffer.concat([Buffer.from('c d'), bytes])
}

/** One to four changes: a byte replaced, taken out or put in, the end cut off, a piece doubled. */
function mutated (original: Buffer, random: Random): Buffer {
  let bytes = original
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(bytes.length + 1)
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
    const byte = Buffer.from([randomByte(random)])
    switch (random(5)) {
      case 0: bytes = Buffer.concat([head, byte, tail.subarray(1)]); break
      case 1: bytes = Buffer.concat([head, tail.subarray(1)]); break
      case 2: bytes = Buffer.concat([head, byte, tail]); break
      case 3: bytes = head; break
      default: bytes = Buffer.concat([head, tail.subarray(0, random(12)), tail])
    }
  }
  return bytes
}
