import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { claimPortRange, freePort } from '../../stack/ports.ts'

test('a free port takes a UDP socket and a TCP listener', async () => {
  const port = await freePort()
  const socket = createSocket('udp4').bind(port, '127.0.0.1')
  const server = createServer().listen(port, '127.0.0.1')
  await Promise.all([once(socket, 'listening'), once(server, 'listening')])
  socket.close()
  server.close()
})

test('no port is given out twice', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, freePort))
  assert.equal(new Set(ports).size, 50)
})

test('claimed ranges do not overlap and are free again when their owner ends', async (t) => {
  const ends: (() => Promise<void>)[] = []
  const owner = { after: (end: () => Promise<void>) => { ends.push(end) } }
  const ranges = await Promise.all(Array.from({ length: 8 }, async () => claimPortRange(owner, 1000)))
  ranges.sort((one, other) => one.min - other.min)
  ranges.reduce((last, range) => {
    assert.ok(range.min > last.max, `${range.min} lies inside a range that ends at ${last.max}`)
    return range
  })
  for (const end of ends) await end()
  const all = await Promise.all(Array.from({ length: 22 }, async () => claimPortRange(t).catch(() => undefined)))
  assert.ok(all.filter(Boolean).length >= 8)
})
