import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { asNgpilotError } from '../../src/errors.ts'
import { NgClient, type NgClientOptions } from '../../src/ng/client.ts'
import { offerCommand } from '../../src/ng/commands.ts'

export const offer = offerCommand({ callId: 'c', fromTag: 'f', sdp: Buffer.from('v=0\r\n'), flags: {} })

/** A client that is closed with the test, and what its observer was told: `NODE EVENT…`. */
export function startNgClient (t: TestContext, options: Partial<NgClientOptions> = {}) {
  const seen: string[] = []
  const observer = {
    command: (node: string, command: string, result: string, seconds: number) => {
      assert.ok(seconds >= 0)
      seen.push(`${node} ${command} ${result}`)
    },
    retransmission: (node: string) => { seen.push(`${node} retransmission`) },
    lateReply: (node: string) => { seen.push(`${node} late`) },
    malformed: (node: string) => { seen.push(`${node} malformed`) },
  }
  const client = new NgClient({ instanceId: 'test', retryAfterMs: 1000, observer, ...options })
  t.after(async () => client.close())
  return Object.assign(client, { seen })
}

export const within = (ms: number) => ({ deadline: performance.now() + ms })

export async function codeOf (sending: Promise<unknown>): Promise<string> {
  return sending.then(() => 'none', (error: unknown) => asNgpilotError(error).code)
}

/** Resolves when the condition holds; the test's own time limit is the only other end. */
export async function until (condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

export async function unusedPort (): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}
