import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, isIPv6, type Socket } from 'node:net'
import type { CallEvents } from '../../calls/events.ts'
import { type Dtmf, digitOf, readDtmf } from './datagram.ts'
import { NotifyReader } from './notify.ts'

export interface DtmfObserver {
  /** `unknown_call`: none of ours; `overloaded`: more at a time than are looked at. */
  told (result: 'ok' | 'malformed' | 'unknown_call' | 'overloaded'): void
  /** A connection to the TCP-NG of an rtpengine came up, or is lost. */
  connection (address: string, isUp: boolean, reason?: string): void
}

export interface DtmfOptions {
  /** Where datagrams of `dtmf-log-dest` come to. */
  listen?: { host: string, port: number } | undefined
  /** The TCP-NG of rtpengines with `dtmf-log-ng-tcp`. */
  rtpengines: readonly { host: string, port: number }[]
  observer: DtmfObserver
}

export interface DtmfDeps {
  calls: { find (callId: string): Promise<{ node: string } | undefined> }
  events: Pick<CallEvents, 'emit'>
}

const mostPending = 500
const longestPauseMs = 5000

/**
 * Hears of keys from rtpengine and makes call events of them.
 * @throws when the address cannot be listened on
 */
export async function startDtmf ({ listen, rtpengines, observer }: DtmfOptions, { calls, events }: DtmfDeps) {
  let pending = 0
  let isClosed = false
  const streams = new Set<Socket>()
  const pauses = new Set<NodeJS.Timeout>()

  const socket = listen && createSocket(isIPv6(listen.host) ? 'udp6' : 'udp4')
  if (socket) {
    socket.on('message', (datagram) => void take(readDtmf(datagram)))
    socket.bind(listen.port, listen.host)
    await once(socket, 'listening')
    socket.on('error', () => undefined)
  }
  for (const address of rtpengines) follow(address, 250)

  return {
    close () {
      isClosed = true
      socket?.close()
      for (const pause of pauses) clearTimeout(pause)
      for (const stream of streams) stream.destroy()
    },
  }

  /** Emits the first reading that is about a call of ours. */
  async function take (readings: Dtmf[]): Promise<void> {
    if (readings.length === 0) { observer.told('malformed'); return }
    if (pending >= mostPending) { observer.told('overloaded'); return }
    pending++
    try {
      for (const dtmf of readings) {
        const call = await calls.find(dtmf.callId)
        if (!call) continue
        const { callId, tag, tags, durationMs, volume } = dtmf
        observer.told('ok')
        events.emit({ event: 'dtmf', callId, node: call.node, tags, at: Date.now(), tag, digit: digitOf(dtmf), durationMs, volume })
        return
      }
      observer.told('unknown_call')
    } catch {
      observer.told('unknown_call') // the store is away
    } finally {
      pending--
    }
  }

  /** Keeps a connection, which rtpengine sends its notifications on. */
  function follow (address: { host: string, port: number }, pauseMs: number): void {
    const name = `${address.host}:${address.port}`
    const stream = connect({ ...address, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 })
    const reader = new NotifyReader()
    let next = Math.min(pauseMs * 2, longestPauseMs)
    let reason = 'rtpengine closed the connection'
    streams.add(stream)
    stream.on('connect', () => {
      next = 250
      observer.connection(name, true)
    })
    stream.on('data', (chunk) => {
      try {
        for (const dtmf of reader.push(chunk)) void take([dtmf])
      } catch (error) {
        observer.told('malformed')
        stream.destroy(error as Error)
      }
    })
    stream.on('error', (error) => { reason = error.message })
    stream.on('close', () => {
      streams.delete(stream)
      if (isClosed) return
      if (next !== longestPauseMs || pauseMs !== longestPauseMs) observer.connection(name, false, reason)
      const pause = setTimeout(() => {
        pauses.delete(pause)
        follow(address, next)
      }, pauseMs).unref()
      pauses.add(pause)
    })
  }
}
