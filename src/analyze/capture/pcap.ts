import { NgpilotError } from '../../errors.ts'
import type { Complain } from '../packet.ts'
import { ByteReader } from './bytes.ts'

/**
 * One captured frame. `linkType` by https://www.tcpdump.org/linktypes.html; `at` in milliseconds since the epoch; `wireSize`
 * in bytes, more than there are where the capture took the beginning alone.
 */
export interface Frame { at: number, linkType: number, data: Buffer, wireSize: number }

/** No link carries more in one frame; a bigger number is a broken file. */
const mostFrameBytes = 262_144
const mostBlockBytes = 16 * 1024 * 1024

export function isCapture (start: Buffer): boolean {
  const magic = start.length < 4 ? 0 : start.readUInt32BE(0)
  return magic === 0x0a0d0d0a || [0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1].includes(magic)
}

/**
 * Reads a pcap or pcapng file as it comes, one frame held at a time. A file that was cut short ends where it was cut.
 *
 * @throws NgpilotError `bad_request` for what is no capture
 * @see https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html
 * @see https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html
 */
export async function* readCapture (chunks: AsyncIterable<Buffer>, complain: Complain): AsyncGenerator<Frame> {
  const reader = new ByteReader(chunks)
  const magic = await reader.take(4)
  if (!magic || !isCapture(magic)) throw new NgpilotError('bad_request', 'neither pcap nor pcapng: the first four bytes are none of theirs')
  if (magic.readUInt32BE(0) === 0x0a0d0d0a) yield* readPcapng(reader, complain)
  else yield* readPcap(reader, magic.readUInt32BE(0), complain)
}

async function* readPcap (reader: ByteReader, magic: number, complain: Complain): AsyncGenerator<Frame> {
  const read = reading(magic === 0xd4c3b2a1 || magic === 0x4d3cb2a1)
  const perMs = magic === 0xa1b23c4d || magic === 0x4d3cb2a1 ? 1e6 : 1e3
  const header = await reader.take(20)
  if (!header) { complain('the capture ends inside its header'); return }
  const linkType = read.u32(header, 16) & 0xffff
  for (;;) {
    const record = await reader.take(16)
    if (!record) {
      if (reader.isCut) complain('the capture ends inside the header of a frame')
      return
    }
    const size = read.u32(record, 8)
    if (size > mostFrameBytes) { complain(`a frame of ${size} bytes: the capture is broken from there on`); return }
    const data = await reader.take(size)
    if (!data) { complain('the capture ends inside a frame'); return }
    yield { at: read.u32(record, 0) * 1000 + read.u32(record, 4) / perMs, linkType, data, wireSize: read.u32(record, 12) }
  }
}

interface Interface { linkType: number, ticksPerMs: number }

async function* readPcapng (reader: ByteReader, complain: Complain): AsyncGenerator<Frame> {
  let read = reading(true)
  let interfaces: Interface[] = []
  let start: Buffer | undefined = Buffer.from([0x0a, 0x0d, 0x0d, 0x0a])
  for (; start; start = await reader.take(4)) {
    const sizeBytes = await reader.take(4)
    if (!sizeBytes) { complain('the capture ends inside a block'); return }
    if (start.readUInt32BE(0) === 0x0a0d0d0a) {
      const order = await reader.take(4)
      if (!order) { complain('the capture ends inside its header'); return }
      read = reading(order.readUInt32BE(0) === 0x4d3c2b1a)
      interfaces = []
      if (!await reader.skip(read.u32(sizeBytes, 0) - 12)) return
      continue
    }
    const size = read.u32(sizeBytes, 0)
    if (size < 12 || size % 4 !== 0) { complain('a block of an impossible size: the capture is broken from there on'); return }
    if (size > mostBlockBytes) {
      if (!await reader.skip(size - 8)) return
      continue
    }
    const block = await reader.take(size - 8)
    if (!block) { complain('the capture ends inside a block'); return }
    const type = read.u32(start, 0)
    if (type === 1 && block.length >= 12) interfaces.push(interfaceOf(block, read))
    if (type === 6 && block.length >= 24) {
      const from = interfaces[read.u32(block, 0)]
      const ticks = read.u32(block, 4) * 2 ** 32 + read.u32(block, 8)
      const data = block.subarray(20, 20 + read.u32(block, 12))
      if (from && data.length <= mostFrameBytes) {
        yield { at: ticks / from.ticksPerMs, linkType: from.linkType, data, wireSize: read.u32(block, 16) }
      }
    }
  }
}

type Reading = ReturnType<typeof reading>

/** With `if_tsresol` (option 9): a power of ten, or of two when the top bit is set. Microseconds without it. */
function interfaceOf (block: Buffer, read: Reading): Interface {
  let ticksPerMs = 1000
  for (let at = 8; at + 4 <= block.length - 4;) {
    const [code, length] = [read.u16(block, at), read.u16(block, at + 2)]
    if (code === 0) break
    if (code === 9 && length === 1) {
      const resolution = block[at + 4] ?? 6
      ticksPerMs = (resolution & 0x80 ? 2 ** (resolution & 0x7f) : 10 ** resolution) / 1000
    }
    at += 4 + length + (4 - length % 4) % 4
  }
  return { linkType: read.u16(block, 0), ticksPerMs }
}

function reading (isLittle: boolean) {
  return {
    u16: (bytes: Buffer, at: number) => isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at),
    u32: (bytes: Buffer, at: number) => isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at),
  }
}
