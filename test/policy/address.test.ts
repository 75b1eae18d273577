import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import { test } from 'node:test'
import { contains, parseAddress, parseBlock } from '../../src/policy/address.ts'

test('addresses are read in every spelling', () => {
  const same = (...spellings: string[]) => {
    for (const spelling of spellings) assert.deepEqual(parseAddress(spelling), parseAddress(spellings[0] ?? ''), spelling)
  }
  same('192.0.2.255', '::ffff:192.0.2.255', '::FFFF:c000:2ff', '[::ffff:192.0.2.255]')
  same('2001:db8::1', '2001:0DB8:0:0:0:0:0:1', '[2001:db8::1]', '2001:db8::1%eth0')
  same('::', '0::', '::0', '0:0:0:0:0:0:0:0')
  same('1::', '1:0::', '1:0:0:0:0:0:0:0')
  assert.deepEqual(parseAddress('2001:db8::192.0.2.1'), [0x2001, 0xdb8, 0, 0, 0, 0, 0xc000, 0x201])
  assert.deepEqual(parseAddress('255.255.255.255'), [0, 0, 0, 0, 0, 0xffff, 0xffff, 0xffff])
})

test('what is no address or block is told from what is', () => {
  for (const text of ['', 'sip.example.com', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1::2::3', ':', '[1.2.3.4', '1.2.3.4:5060']) {
    assert.equal(parseAddress(text), undefined, text)
  }
  for (const text of ['1.2.3.4/33', '1.2.3.4/-1', '1.2.3.4/', '1.2.3.4/8/8', '1.2.3.4/1.5', '::/129', 'fe80::1%eth0', '/8', '1.2.3.4/08x']) {
    assert.equal(parseBlock(text), undefined, text)
  }
})

test('a block contains the same addresses as net.BlockList\'s', () => {
  const addresses = ['0.0.0.0', '10.1.2.3', '10.1.2.4', '10.1.3.3', '255.255.255.255', '::', '::1', '2001:db8::1', '2001:db8:8000::', '2001:db9::', 'ffff::ffff']
  const blocks = addresses.flatMap((address) => {
    const lengths = isIP(address) === 4 ? [0, 1, 8, 15, 16, 17, 24, 30, 31, 32] : [0, 1, 15, 16, 17, 32, 33, 64, 127, 128]
    return lengths.map((bits) => ({ address, bits }))
  })
  for (const { address, bits } of blocks) {
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
    const list = new BlockList()
    list.addSubnet(address, bits, family)
    const block = parseBlock(`${address}/${bits}`)
    assert.ok(block)
    for (const other of addresses.filter((one) => isIP(one) === isIP(address))) {
      assert.equal(contains(block, parseAddress(other) ?? []), list.check(other, family), `${other} in ${address}/${bits}`)
    }
  }
})
