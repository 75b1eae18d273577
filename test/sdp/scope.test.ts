import assert from 'node:assert/strict'
import test from 'node:test'
import { familyOf, isInternal, scopeOf } from '../../src/sdp/scope.ts'

test('knows how far an address reaches', () => {
  const expected = {
    public: ['198.51.100.1', '100.63.0.1', '100.128.0.1', '172.15.0.1', '172.32.0.1', '2001:db8::1', '::ffff:198.51.100.1'],
    private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '100.127.1.1', 'fd00::1', 'FC01::2', '::ffff:10.0.0.1'],
    loopback: ['127.0.0.1', '127.9.9.9', '::1', '0:0:0:0:0:0:0:1'],
    'link-local': ['169.254.1.1', 'fe80::1', 'febf::1'],
    unspecified: ['0.0.0.0', '::', '0:0:0:0:0:0:0:0'],
    mdns: ['2d6a6f11-1.local'],
    name: ['media.example.com', '', '999.1.1.1'],
  }
  for (const [scope, addresses] of Object.entries(expected)) {
    for (const address of addresses) assert.equal(scopeOf(address), scope, address)
  }
  assert.equal(isInternal('0.0.0.0'), false)
  assert.equal(isInternal('x.LOCAL'), true)
  assert.deepEqual(['1.2.3.4', '::1', 'x'].map(familyOf), ['IP4', 'IP6', undefined])
})
