import assert from 'node:assert/strict'
import test from 'node:test'
import { analyze } from '../../src/analyze/analyze.ts'
import { sipOfCapture } from '../../src/analyze/capture/capture.ts'
import type { Packet } from '../../src/analyze/packet.ts'
import { agents, call, chunked, ethernet, hep, hepPcap, ipv4, pcapOf, places, record, tcp, udp } from './traces.ts'

const { browser, proxy } = places
const [invite] = call()
const message = Buffer.from(invite?.text ?? '', 'latin1')
const hints = { byAddress: new Map<string, never>() }

async function packetsOf (bytes: Buffer, size?: number): Promise<{ packets: Packet[], problems: string[] }> {
  const problems: string[] = []
  const packets: Packet[] = []
  const read = sipOfCapture(chunked(bytes, size), (problem) => problems.push(problem), () => undefined)
  for await (const packet of read) packets.push(packet)
  return { packets, problems }
}

/** A pcap with frames of another link type. */
function pcapWith (linkType: number, ...frames: Buffer[]): Buffer {
  const bytes = pcapOf([], frames.map((frame, index) => record(index, frame)))
  bytes.writeUInt32LE(linkType, 20)
  return bytes
}

/** A pcapng: one section, one interface, its time in nanoseconds. */
function pcapng (linkType: number, isBig: boolean, ...frames: Buffer[]): Buffer {
  const u32 = (value: number) => {
    const bytes = Buffer.alloc(4)
    if (isBig) bytes.writeUInt32BE(value >>> 0)
    else bytes.writeUInt32LE(value >>> 0)
    return bytes
  }
  const u16 = (one: number, two: number) => isBig ? u32(one * 65_536 + two) : u32(two * 65_536 + one)
  const block = (type: number, ...parts: Buffer[]) => {
    const body = Buffer.concat(parts)
    const padded = Buffer.concat([body, Buffer.alloc((4 - body.length % 4) % 4)])
    return Buffer.concat([u32(type), u32(12 + padded.length), padded, u32(12 + padded.length)])
  }
  const section = block(0x0a0d0d0a, u32(0x1a2b3c4d), u16(1, 0), u32(0xffffffff), u32(0xffffffff))
  const resolution = Buffer.concat([u16(9, 1), Buffer.from([9, 0, 0, 0])])
  const description = block(1, u16(linkType, 0), u32(0), resolution, u32(0))
  const other = block(0x0bad, Buffer.from('something else'))
  const at = 1_795_000_000_500_000_000n
  return Buffer.concat([section, description, other, ...frames.map((frame) =>
    block(6, u32(0), u32(Number(at >> 32n)), u32(Number(at & 0xffffffffn)), u32(frame.length), u32(frame.length), frame))])
}

const packet = ipv4(17, browser, proxy, udp(browser, proxy, message))
const cooked = (size: number, at: number) => {
  const head = Buffer.alloc(size)
  head.writeUInt16BE(0x0800, at)
  return Buffer.concat([head, packet])
}

const links: Record<string, Buffer> = {
  Ethernet: pcapWith(1, ethernet(packet)),
  'Ethernet with a VLAN in a VLAN': pcapWith(1, ethernet(packet, [100, 200])),
  loopback: pcapWith(0, Buffer.concat([Buffer.from([2, 0, 0, 0]), packet])),
  'raw IP': pcapWith(101, packet),
  'Linux cooked (SLL)': pcapWith(113, cooked(16, 14)),
  'Linux cooked v2 (SLL2)': pcapWith(276, cooked(20, 0)),
  'pcapng, little endian': pcapng(1, false, ethernet(packet)),
  'pcapng, big endian': pcapng(1, true, ethernet(packet)),
}
for (const [name, bytes] of Object.entries(links)) {
  test(`reads ${name}, in pieces of any size`, async () => {
    for (const size of [1, 7, 100_000]) {
      const { packets, problems } = await packetsOf(bytes, size)
      assert.deepEqual(problems, [])
      assert.deepEqual(packets.map(({ bytes: found, source, destination }) => [found.equals(message), source?.port, destination?.address]), [[true, 51_000, '203.0.113.5']])
    }
  })
}

test('keeps the time of a capture, in nanoseconds too', async () => {
  assert.equal((await packetsOf(pcapng(1, false, ethernet(packet)))).packets[0]?.at, 1_795_000_000_500)
  assert.equal((await packetsOf(links['Ethernet'] ?? Buffer.alloc(0))).packets[0]?.at, Date.UTC(2026, 10, 27, 10))
})

test('puts IP fragments together, in any order, IPv6 too', async () => {
  const whole = udp(browser, proxy, message)
  const parts = [[0, 800], [800, 1600], [1600, whole.length]] as const
  const frames = parts.map(([from, to]) =>
    ethernet(ipv4(17, browser, proxy, whole.subarray(from, to), { offset: from, hasMore: to < whole.length, id: 7 })))
  for (const order of [[0, 1, 2], [2, 0, 1]]) {
    const { packets } = await packetsOf(pcapWith(1, ...order.map((index) => frames[index] ?? Buffer.alloc(0))))
    assert.deepEqual(packets.map(({ bytes }) => bytes.equals(message)), [true])
  }
  const six = (from: number, to: number) => {
    const head = Buffer.alloc(48)
    head[0] = 0x60
    head.writeUInt16BE(8 + to - from, 4)
    head[6] = 44
    head[23] = head[39] = 1
    head[40] = 17
    head.writeUInt16BE(from | (to < whole.length ? 1 : 0), 42)
    return Buffer.concat([head, whole.subarray(from, to)])
  }
  const { packets } = await packetsOf(pcapWith(229, ...parts.map(([from, to]) => six(from, to))))
  assert.deepEqual(packets.map(({ bytes, source }) => [bytes.equals(message), source?.address]), [[true, '::1']])
})

const segment = (sequence: number, data: Buffer) => ethernet(ipv4(6, browser, proxy, tcp(browser, proxy, sequence, data)))

test('reads SIP over TCP: split, out of order, repeated, several in one segment, from the middle of a stream', async () => {
  const two = Buffer.concat([message, Buffer.from('\r\n\r\n'), message])
  const cut = [two.subarray(0, 500), two.subarray(500, 900), two.subarray(900)] as const
  const frames = [segment(4_294_967_000, Buffer.from('end of another')), segment(1000, cut[0]), segment(1900, cut[2]), segment(1000, cut[0]), segment(1500, cut[1])]
  const { packets } = await packetsOf(pcapWith(1, ...frames))
  assert.deepEqual(packets.map(({ bytes, transport }) => [bytes.equals(message), transport]), [[true, 'tcp'], [true, 'tcp']])
})

test('reads SIP in WebSocket frames, after the handshake or from the middle, masked and in parts', async () => {
  const frame = (payload: Buffer, first: number) => {
    const mask = Buffer.from([1, 2, 3, 4])
    const head = Buffer.from([first, 0x80 | 126, payload.length >> 8, payload.length & 255])
    return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))])
  }
  const parts = [frame(message.subarray(0, 700), 0x01), frame(message.subarray(700), 0x80)]
  const handshake = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n')
  const stream = Buffer.concat([handshake, ...parts, frame(Buffer.from('ping'), 0x89), frame(message, 0x81)])
  const { packets } = await packetsOf(pcapWith(1, segment(5, stream.subarray(0, 900)), segment(905, stream.subarray(900))))
  assert.deepEqual(packets.map(({ bytes, transport }) => [bytes.equals(message), transport]), [[true, 'ws'], [true, 'ws']])
  const late = await packetsOf(pcapWith(1, segment(5, frame(message, 0x81))))
  assert.deepEqual(late.packets.map(({ transport }) => transport), ['ws'])
})

test('says what is broken, and keeps what came before', async () => {
  const whole = pcapOf(call())
  const cut = await packetsOf(whole.subarray(0, whole.length - 10))
  assert.deepEqual([cut.packets.length, cut.problems], [12, ['the capture ends inside a frame']])
  const absurd = Buffer.concat([whole, Buffer.alloc(16, 0xff)])
  assert.match((await packetsOf(absurd)).problems.join(), /a frame of 4294967295 bytes/)
  await assert.rejects(packetsOf(Buffer.from('nonsense of some length')), { code: 'bad_request', message: /neither pcap nor pcapng/ })
})

test('a capture without SIP says why: frames cut short, TLS, nothing in it', async () => {
  const why = async (bytes: Buffer) => analyze(chunked(bytes), { hints }).then(() => 'read', (error: unknown) => (error as Error).message)
  const whole = pcapOf(call())
  assert.match(await why(whole.subarray(0, 30)), /no whole frame[^;]*; the capture ends inside the header of a frame$/)
  assert.match(await why(whole.subarray(0, 60)), /no whole frame[^;]*; the capture ends inside a frame$/)
  assert.match(await why(cutTo(30)), /no SIP in the 13 frames of the capture: 13 of 13 frames were cut to 30 bytes/)
  assert.match(await why(pcapWith(1, segment(1, Buffer.from([0x17, 3, 3, 0, 4, 1, 2, 3, 4])))), /1 segments of TLS/)
  assert.match(await why(pcapWith(147, packet)), /link type 147/)
  const { problems } = await analyze(chunked(cutTo(1200)), { hints })
  assert.match(problems.at(-1) ?? '', /SIP messages are there in part alone: \d of 13 frames were cut to 1200 bytes/)
})

test('reads HEP over UDP and TCP, cut anywhere, and of version 2', async () => {
  const packets = call().slice(0, 2).map(hep)
  const stream = Buffer.concat(packets)
  const cut = [segment(1000, stream.subarray(0, 900)), segment(1900, stream.subarray(900))]
  for (const bytes of [pcapWith(1, ...cut), hepPcap(call().slice(0, 2))]) {
    const read = await packetsOf(bytes)
    assert.deepEqual(read.packets.map(({ source, destination, at }) => [source?.address, destination?.port, at]), [
      ['198.51.100.20', 5060, Date.UTC(2026, 10, 27, 10)], ['203.0.113.5', 51_000, Date.UTC(2026, 10, 27, 10) + 10],
    ])
    assert.ok(read.packets[0]?.bytes.equals(message))
  }
  const head = Buffer.from([2, 16, 2, 17, 0xc7, 0x38, 0x13, 0xc4, 198, 51, 100, 20, 203, 0, 113, 5, ...Buffer.alloc(12)])
  const { from, to } = agents
  const datagram = udp(from, to, Buffer.concat([head, message]))
  const two = await packetsOf(pcapWith(1, ethernet(ipv4(17, from, to, datagram))))
  assert.deepEqual(two.packets.map(({ bytes, source }) => [bytes.equals(message), source]), [[true, { address: '198.51.100.20', port: 51_000 }]])
})

/** The healthy call, of whose frames the capture took so many bytes. */
function cutTo (size: number): Buffer {
  const whole = pcapOf(call())
  const parts = [whole.subarray(0, 24)]
  for (let at = 24; at < whole.length;) {
    const length = whole.readUInt32LE(at + 8)
    const head = Buffer.from(whole.subarray(at, at + 16))
    head.writeUInt32LE(Math.min(length, size), 8)
    parts.push(head, whole.subarray(at + 16, at + 16 + Math.min(length, size)))
    at += 16 + length
  }
  return Buffer.concat(parts)
}
