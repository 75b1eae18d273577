import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CallEvent, CallEvents } from '../../src/calls/events.ts'

const event: CallEvent = { event: 'media-timeout', callId: 'c1', node: 'n1', tags: ['a', 'b'], at: 1 }

test('every subscriber is told, also after one that throws; one that left is not', () => {
  const told: string[] = []
  const events = new CallEvents({
    happened: ({ event }) => told.push(`happened ${event}`), failed: (error) => told.push(`failed ${(error as Error).message}`),
  })
  events.subscribe(() => { throw new Error('broken') })
  const leave = events.subscribe(({ callId }) => told.push(`first ${callId}`))
  events.subscribe(({ callId }) => told.push(`second ${callId}`))
  events.emit(event)
  leave()
  events.emit({ ...event, callId: 'c2' })
  assert.deepEqual(told, [
    'happened media-timeout', 'failed broken', 'first c1', 'second c1',
    'happened media-timeout', 'failed broken', 'second c2',
  ])
})
