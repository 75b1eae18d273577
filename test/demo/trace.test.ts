import assert from 'node:assert/strict'
import { test } from 'node:test'
import { phoneViewOf } from '../../demo/trace.ts'

const phone = '127.0.0.1:5062'

/** As `baresip -s` prints a message, between lines of its log. */
function traced (source: string, destination: string, lines: string[]): string {
  return `some line\n\u001b[36;1m#\nUDP ${source} -> ${destination}\n${lines.join('\r\n')}\u001b[;m\nanother line\n`
}

function invite (callId: string, direction: string): string {
  return traced('127.0.0.1:5060', phone, [
    'INVITE sip:echo@127.0.0.1:5062 SIP/2.0', 'To: <sip:echo@demo.test>', `Call-ID: ${callId}`, '', 'v=0', `a=${direction}`, '',
  ])
}

function answer (callId: string, direction: string): string {
  return traced(phone, '127.0.0.1:5060', [
    'SIP/2.0 200 OK', 'To: <sip:echo@demo.test>;tag=abc', `Call-ID: ${callId}`, '', 'v=0', `a=${direction}`, '',
  ])
}

test('knows what the phone got before it answers', () => {
  assert.deepEqual(phoneViewOf(invite('one', 'sendrecv'), phone, 'one'), { got: 'v=0\r\na=sendrecv\r\n' })
})

test('knows the answer and the phone\'s tag, and tells calls apart', () => {
  const log = invite('one', 'sendrecv') + answer('one', 'sendrecv') + invite('two', 'inactive')
  assert.deepEqual(phoneViewOf(log, phone, 'one'), { got: 'v=0\r\na=sendrecv\r\n', sent: 'v=0\r\na=sendrecv\r\n', tag: 'abc' })
})

test('shows the latest exchange of a call that was held', () => {
  const log = invite('one', 'sendrecv') + answer('one', 'sendrecv') + invite('one', 'sendonly') + answer('one', 'recvonly')
  assert.deepEqual(phoneViewOf(log, phone, 'one'), { got: 'v=0\r\na=sendonly\r\n', sent: 'v=0\r\na=recvonly\r\n', tag: 'abc' })
})

test('knows nothing of a call that never came', () => {
  assert.deepEqual(phoneViewOf(invite('one', 'sendrecv'), phone, 'two'), {})
})
