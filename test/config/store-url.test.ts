import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStoreUrl } from '../../src/config/store-url.ts'

const server = { kind: 'server', db: 0, isTls: false }
const right: [string, object][] = [
  ['redis://h', { ...server, hosts: [{ host: 'h', port: 6379 }], address: 'redis://h:6379' }],
  ['redis://[::1]/2', { ...server, hosts: [{ host: '::1', port: 6379 }], db: 2, address: 'redis://[::1]:6379/2' }],
  ['rediss://pilot:s%40cret@h:1', { ...server, hosts: [{ host: 'h', port: 1 }], isTls: true, username: 'pilot', password: 's@cret', address: 'rediss://pilot:***@h:1' }],
  ['redis://:word@h', { ...server, hosts: [{ host: 'h', port: 6379 }], password: 'word', address: 'redis://:***@h:6379' }],
  ['redis+sentinel://a,b:1/calls/3', { kind: 'sentinel', db: 3, isTls: false, name: 'calls', hosts: [{ host: 'a', port: 26379 }, { host: 'b', port: 1 }], address: 'redis+sentinel://a:26379,b:1/calls/3' }],
  ['rediss+cluster://u:p@a:1,[::1]:2', { kind: 'cluster', db: 0, isTls: true, username: 'u', password: 'p', hosts: [{ host: 'a', port: 1 }, { host: '::1', port: 2 }], address: 'rediss+cluster://u:***@a:1,[::1]:2' }],
]
for (const [url, target] of right) {
  test(`reads ${url}`, () => assert.deepEqual(parseStoreUrl(url), target))
}

for (const url of [
  'redis://', 'redis://a,b', 'redis://h:0', 'redis://h:99999', 'redis://h/x', 'redis://h/1/2', 'redis://u:p%zz@h', 'redis://h?db=1', 'redis://h#1',
  'redis+sentinel://h', 'redis+sentinel://h/', 'redis+sentinel://h/na me', 'redis+cluster://h/1', 'redis+cluster://h,', 'redis+other://h', 'http://h', '::1',
]) {
  test(`refuses ${url}`, () => assert.equal(parseStoreUrl(url), undefined))
}
