import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { decode, encode } from '../../src/ng/codec.ts'
import type { MediaNode, NgDictionary } from '../../src/ng/types.ts'

export interface FakeOptions {
  /** Default `fake`. */
  id?: string
  /** Default: a free port. */
  port?: number
  /** Default 127.0.0.1; `::1` for IPv6. */
  host?: string
  /** So many datagrams are lost on their way to the node. */
  silentFor?: number
  /** So many replies are lost on their way back: the command has been executed. */
  loseReplies?: number
  /** Every reply leaves so much later. */
  delayMs?: number
  /** How often each reply is sent. Default 1. */
  copies?: number
  /** Sent ahead of each reply, from the right address. */
  garbage?: Buffer
  /** Replies come from another port than the one asked. */
  isReplyFromOtherPort?: boolean
  /** Replies carry this cookie in place of the command's. */
  wrongCookie?: string
  /** The reply to a command, undefined for none. Default: `pong` to a ping, `ok` to all else. */
  respond?: (command: NgDictionary) => NgDictionary | undefined
}

/** Whose end is the fake's: a test. */
interface Owner { after (end: () => void): void }

/** The fake as a node to send to, with what reached it. */
export interface FakeRtpengine extends MediaNode {
  /** Of every datagram that came, in order, the lost ones too. */
  cookies: string[]
  /** The source port of each of them. */
  ports: number[]
  /** What was executed, each cookie once. */
  commands: NgDictionary[]
  /** From now on so many replies are lost on their way back. */
  loseReplies: (count: number) => void
  /** From now on every reply leaves so much later. */
  delayBy: (ms: number) => void
  /** It forgets every cookie, as a new process would. */
  restart: () => void
}

/**
 * An rtpengine that misbehaves as told, over a real UDP socket, until the test ends. It stands for faults alone, which no
 * real daemon makes on demand: lost, late, doubled, spoilt and forged replies. What rtpengine does with a command is shown
 * with rtpengine. Like the real one it answers a cookie that it knows from its cache, without executing anything.
 */
export async function startFakeRtpengine (t: Owner, options: FakeOptions = {}): Promise<FakeRtpengine> {
  const { host = '127.0.0.1', respond = usual } = options
  const socket = await boundSocket(t, host, options.port)
  const other = options.isReplyFromOtherPort ? await boundSocket(t, host) : socket
  const cache = new Map<string, NgDictionary | undefined>()
  let { silentFor = 0, loseReplies = 0, delayMs } = options
  const fake: FakeRtpengine = {
    id: options.id ?? 'fake',
    host,
    port: socket.address().port,
    cookies: [],
    ports: [],
    commands: [],
    loseReplies: (count) => { loseReplies = count },
    delayBy: (ms) => { delayMs = ms },
    restart: () => cache.clear(),
  }

  socket.on('message', (datagram, from) => {
    const decoded = readable(datagram)
    if (!decoded) return
    const { cookie, message } = decoded
    fake.cookies.push(cookie)
    fake.ports.push(from.port)
    if (silentFor-- > 0) return
    if (!cache.has(cookie)) {
      fake.commands.push(message)
      cache.set(cookie, respond(message))
    }
    const reply = cache.get(cookie)
    if (loseReplies-- > 0) return
    void answer(from, reply && encode(options.wrongCookie ?? cookie, reply))
  })

  async function answer (to: RemoteInfo, reply: Buffer | undefined): Promise<void> {
    if (delayMs !== undefined) await sleep(delayMs, undefined, { ref: false })
    const datagrams = [options.garbage, ...Array<Buffer | undefined>(options.copies ?? 1).fill(reply)]
    // The test may have ended while the reply was held back: a closed socket cannot send.
    for (const datagram of datagrams) if (datagram && !isClosed.has(other)) other.send(datagram, to.port, to.address)
  }

  return fake
}

/** rtpengine logs what it cannot read and says nothing. */
function readable (datagram: Buffer) {
  try {
    return decode(datagram)
  } catch {
    return undefined
  }
}

const isClosed = new WeakSet<Socket>()

async function boundSocket (t: Owner, host: string, port = 0): Promise<Socket> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  t.after(() => {
    isClosed.add(socket)
    socket.close()
  })
  socket.bind(port, host)
  await once(socket, 'listening')
  return socket
}

function usual (command: NgDictionary): NgDictionary {
  return { result: command.command === 'ping' ? 'pong' : 'ok' }
}
