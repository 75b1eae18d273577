import assert from 'node:assert/strict'
import test from 'node:test'
import type { Peer } from '../../src/calls/request.ts'
import { parsePeer, parseSipUri } from '../../src/sip/uri.ts'

test('reads user, host, port, transport and parameters', () => {
  const cases: [string, object][] = [
    ['sip:198.51.100.7:5060;transport=wss', { scheme: 'sip', host: '198.51.100.7', port: 5060, transport: 'wss' }],
    ['SIP:Alice@Example.COM;Transport=TCP;lr', { scheme: 'sip', user: 'Alice', host: 'Example.COM', transport: 'tcp' }],
    ['sips:alice:secret@example.com?Subject=x@y', { scheme: 'sips', user: 'alice', host: 'example.com' }],
    ['sip:+1;phone-context=a?b@gw.example;user=phone', { scheme: 'sip', user: '+1;phone-context=a?b', host: 'gw.example' }],
    ['sip:[2001:db8::1]:5061;transport=tls', { scheme: 'sip', host: '2001:db8::1', port: 5061, transport: 'tls' }],
    ['sip:4rq1v.invalid;transport=ws;ob', { scheme: 'sip', host: '4rq1v.invalid', transport: 'ws' }],
    ['tel:+44-1632-960001;phone-context=x', { scheme: 'tel', user: '+44-1632-960001', host: '' }],
  ]
  for (const [text, expected] of cases) {
    const { params, ...uri } = parseSipUri(text)
    assert.deepEqual(uri, expected, text)
    assert.ok(params instanceof Map)
  }
  assert.deepEqual([...parseSipUri('sip:a@b;lr;X=1=2;').params], [['lr', ''], ['x', '1=2']])
})

test('refuses what is no such URI', () => {
  const broken = [
    '', 'sip', 'sip:', 'sip:@', 'http://a', 'mailto:a@b', 'tel:', 'tel:alice!', 'sip:a@b@c', 'sip:a b', 'sip:host:port', 'sip:host:0',
    'sip:host:65536', 'sip:host:', 'sip:[2001:db8::1', 'sip:[::zz]', 'sip:[]', 'sip:2001:db8::1', 'sip:a@b;transport=wsss', '<sip:a@b>',
  ]
  for (const text of broken) assert.throws(() => parseSipUri(text, 'Ngpilot-Source'), { code: 'bad_request', message: /^Ngpilot-Source: / }, text)
})

test('makes a peer of the calls from a URI', () => {
  const cases: [string, Peer][] = [
    ['sip:198.51.100.7:5060;transport=wss', { transport: 'wss', address: '198.51.100.7', port: 5060 }],
    ['sip:[2001:db8::1]', { address: '2001:db8::1' }],
    ['sip:carrier.example;transport=udp', { transport: 'udp' }],
    ['sips:198.51.100.7', { transport: 'tls', address: '198.51.100.7' }],
    ['sips:198.51.100.7;transport=tcp', { transport: 'tls', address: '198.51.100.7' }],
    ['sips:198.51.100.7;transport=ws', { transport: 'wss', address: '198.51.100.7' }],
  ]
  for (const [uri, expected] of cases) {
    const peer: Peer = parsePeer(uri)
    assert.deepEqual(peer, { uri, ...expected })
  }
})
