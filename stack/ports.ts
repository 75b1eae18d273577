import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import type { StackContext } from './context.ts'

const loopback = '127.0.0.1'
const given = new Set<number>()

/**
 * A port of 127.0.0.1 that is free for UDP and for TCP, and the first of `count` in a row that are. They are free again
 * when this returns, and this process does not give them out twice. They lie below those that the kernel gives to whoever
 * connects (from 32768) and those of RTP (from 10000).
 */
export async function freePort (count = 1): Promise<number> {
  for (;;) {
    const first = randomInt(3000, 10_000 - count)
    const ports = Array.from({ length: count }, (_, index) => first + index)
    if (!await areFree(ports)) continue
    for (const port of ports) given.add(port)
    return first
  }
}

async function areFree (ports: readonly number[]): Promise<boolean> {
  for (const port of ports) {
    if (given.has(port) || !await isFreeForUdp(port)) return false
    const server = await listen(port)
    if (!server) return false
    await close(server)
  }
  return true
}

async function isFreeForUdp (port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  const isBound = await new Promise<boolean>((resolve) => {
    socket.once('error', () => resolve(false))
    socket.bind(port, loopback, () => resolve(true))
  })
  await new Promise<void>((resolve) => socket.close(() => resolve()))
  return isBound
}

/** An inclusive range of UDP ports. */
export interface PortRange { min: number, max: number }

/**
 * A range of UDP ports for RTP that no other caller has, in this process or another, until the context ends.
 *
 * A TCP listener on the range's first port stands for the claim (RTP is UDP, the two do not meet): the kernel gives it
 * to one process only and takes it back when that dies. All ranges lie below the kernel's own, which begins at 32768.
 *
 * @param size how many ports, at most 1000; a call takes 4
 */
export async function claimPortRange (context: StackContext, size = 400): Promise<PortRange> {
  const places = Array.from({ length: 22 }, (_, index) => 10_000 + index * 1000)
  const first = Math.floor(Math.random() * places.length)
  for (const min of [...places.slice(first), ...places.slice(0, first)]) {
    const claim = await listen(min)
    if (!claim) continue
    claim.unref()
    context.after(() => close(claim))
    return { min, max: min + size - 1 }
  }
  throw new Error('no range of RTP ports is free: 22 are in use')
}

/** A listener, or undefined when the port is taken. */
async function listen (port: number): Promise<Server | undefined> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, loopback, () => resolve(server))
  })
}

async function close (server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.close(() => resolve()))
}
