import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAllowed } from '../../../src/ingress/ng/allowed.ts'

test('takes commands from the addresses and blocks of the list and from this host', () => {
  const isAllowed = createAllowed(['192.0.2.7', '198.51.100.0/24', '2001:db8::/32'])
  for (const address of ['192.0.2.7', '::ffff:192.0.2.7', '198.51.100.255', '2001:db8:1::1', '127.0.0.1', '::1', '::ffff:127.0.0.1']) {
    assert.equal(isAllowed(address), true, address)
  }
  for (const address of ['192.0.2.8', '198.51.101.0', '2001:db9::1', '::ffff:192.0.2.8', '']) assert.equal(isAllowed(address), false, address)
})

test('takes them from anywhere without a list', () => {
  assert.equal(createAllowed([])('203.0.113.1'), true)
})
