import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodesInHash } from '../../src/config/hash.ts'

test('a field of the hash is a node: an address, or a map in JSON', () => {
  const hash = { n1: '10.0.0.1:2223', n2: '{"address":"ws://[::1]:8080","weight":3,"sets":["edge"]}' }
  const nodes = [
    { id: 'n1', host: '10.0.0.1', port: 2223 },
    { id: 'n2', host: '::1', port: 8080, transport: 'ws', weight: 3, sets: ['edge'] },
  ]
  assert.deepEqual(nodesInHash(hash, {}), { nodes, problems: new Map() })
  assert.deepEqual(nodesInHash({ n0: '{"adress":"h:1"}', ...hash }, {}), {
    nodes,
    problems: new Map([['n0', 'field n0: address: is missing; must be HOST:PORT or [IPV6]:PORT, with ws://, wss://, http:// or https:// before it where that is the transport; adress: no such setting; did you mean address?']]),
  })
})

for (const [hash, message] of [
  [{ n1: '10.0.0.1' }, /^field n1: address: found "10\.0\.0\.1"; must be HOST:PORT/],
  [{ n1: '{"address":"h:1","wieght":2}' }, /^field n1: wieght: no such setting; did you mean weight\?/],
  [{ n1: '{"address":' }, /^field n1: must be an address or a map in JSON$/],
  [{ n1: '{"address":"wss://h:1","caFile":"/nowhere.pem"}' }, /^field n1: caFile: \/nowhere\.pem cannot be read \(ENOENT\)$/],
  [{ 'a b': 'h:1' }, /^field a b: id: found "a b"; must be a name of letters/],
] as [Record<string, string>, RegExp][]) {
  test(`refuses the hash ${JSON.stringify(hash)}`, () => {
    const { nodes, problems } = nodesInHash(hash, {})
    assert.deepEqual(nodes, [])
    assert.deepEqual([...problems.keys()], Object.keys(hash))
    assert.match([...problems.values()].join(), message)
  })
}

test('refuses a hash that is empty or not there', () => {
  assert.throws(() => nodesInHash({}, {}), { code: 'config_invalid', message: 'the hash is empty or not there' })
})
