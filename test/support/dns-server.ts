import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** What a name has: addresses, and targets of a service. */
export interface Records { a?: string[], aaaa?: string[], srv?: Service[] }
interface Service { target: string, port: number, priority?: number, weight?: number }

export interface DnsServer {
  /** `127.0.0.1:PORT` */
  address: string
  /** By name; one that is not here does not exist. */
  zone: Map<string, Records>
  /** What it does with questions: answers them, says SERVFAIL, says nothing, or answers with bytes that are no message. */
  mood: 'well' | 'failing' | 'silent' | 'garbled'
  /** How many questions came. */
  questions: number
}

const types = { a: 1, aaaa: 28, srv: 33 } as const

/** A DNS server over UDP for a test (RFC 1035, RFC 2782): what it answers can be changed from one question to the next. */
export async function startDnsServer (
  t: { after (end: () => void): void }, zone: Record<string, Records> = {},
): Promise<DnsServer> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`, zone: new Map(Object.entries(zone)), mood: 'well', questions: 0,
  }
  socket.on('message', (query, from) => {
    server.questions++
    if (server.mood === 'silent') return
    const reply = server.mood === 'garbled' ? Buffer.concat([query.subarray(0, 2), Buffer.from('no message')]) : answer(query, server)
    socket.send(reply, from.port, from.address)
  })
  return server
}

function answer (query: Buffer, { zone, mood }: DnsServer): Buffer {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const type = query.readUInt16BE(at + 1)
  const records = zone.get(labels.join('.').toLowerCase())
  const found = mood === 'failing' ? [] : dataOf(records, type)
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  // An answer, and recursion is to be had; then: no error, SERVFAIL, NXDOMAIN.
  header.writeUInt16BE(0x8180 | (mood === 'failing' ? 2 : records ? 0 : 3), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(found.length, 6)
  const answers = found.map((data) => {
    const record = Buffer.alloc(12)
    record.writeUInt16BE(0xc00c, 0) // the name that was asked for
    record.writeUInt16BE(type, 2)
    record.writeUInt16BE(1, 4)
    record.writeUInt16BE(data.length, 10)
    return Buffer.concat([record, data])
  })
  return Buffer.concat([header, query.subarray(12, at + 5), ...answers])
}

function dataOf (records: Records | undefined, type: number): Buffer[] {
  switch (type) {
    case types.a: return (records?.a ?? []).map((address) => Buffer.from(address.split('.').map(Number)))
    case types.aaaa: return (records?.aaaa ?? []).map(ipv6Bytes)
    case types.srv: return (records?.srv ?? []).map(({ target, port, priority = 0, weight = 0 }) => {
      const head = Buffer.alloc(6)
      for (const [index, value] of [priority, weight, port].entries()) head.writeUInt16BE(value, 2 * index)
      const labels = target === '.' ? [] : target.split('.')
      return Buffer.concat([head, ...labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')), Buffer.of(0)])
    })
    default: return []
  }
}

/** Of an address with at most one `::`. */
function ipv6Bytes (address: string): Buffer {
  const [left = '', right] = address.split('::')
  const words = (part: string) => part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16))
  const [before, after] = [words(left), words(right ?? '')]
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]))
}
