import assert from 'node:assert/strict'
import { test } from 'node:test'
import { urgencyOfCommand, urgencyOfSip } from '../../src/ingress/urgency.ts'

test('only what begins a call is new, and only what ends one is never refused for having waited', () => {
  const sip = (start: string, tag = '') => Buffer.from(`${start}\r\nTo: <sip:b@x>${tag}\r\n\r\n`)
  assert.deepEqual([
    urgencyOfSip(sip('INVITE sip:b@x SIP/2.0')), urgencyOfSip(sip('INVITE sip:b@x SIP/2.0', ';tag=1')),
    urgencyOfSip(sip('SIP/2.0 200 OK', ';tag=1')), urgencyOfSip(sip('BYE sip:b@x SIP/2.0', ';tag=1')), urgencyOfSip(sip('CANCEL sip:b@x SIP/2.0')),
    urgencyOfCommand('offer', undefined), urgencyOfCommand('offer', 'b'), urgencyOfCommand('answer', 'b'), urgencyOfCommand('delete', undefined),
  ], ['new', 'running', 'running', 'ending', 'ending', 'new', 'running', 'running', 'ending'])
})
