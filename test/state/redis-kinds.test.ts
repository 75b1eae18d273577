import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { Cluster, Redis } from 'ioredis'
import { NgpilotError } from '../../src/errors.ts'
import { openPeers } from '../../src/state/peers.ts'
import { createRedisStore, type RedisStoreOptions } from '../../src/state/redis.ts'
import { freePort } from '../../stack/ports.ts'
import { startClusterGroup, startSentinelGroup } from '../../stack/redis-groups.ts'
import { startRedis } from '../../stack/redis.ts'
import { sharedContext } from '../support/shared.ts'
import { beginning, storeContract, until } from './contract.ts'

const shared = sharedContext()
const cluster = await startClusterGroup(shared)

storeContract('Redis Cluster store', async (t) => {
  const client = new Cluster(cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
  t.after(() => client.disconnect())
  await until(() => client.nodes('master').length === 3)
  await Promise.all(client.nodes('master').map((node) => node.flushall()))
  return (options) => openStore(t, { url: cluster.url, ...options })
})

test('Sentinel: the store follows the master to its replica', async (t) => {
  const group = await startSentinelGroup(t)
  const store = openStore(t, { url: group.url, commandTimeoutMs: 300 })
  await until(() => works(() => store.save('a', beginning)))
  const replica = new Redis(group.replica.url)
  t.after(() => replica.disconnect())
  await until(async () => await replica.dbsize() > 0)
  process.kill(group.master.pid, 'SIGKILL')
  await until(() => works(() => store.save('b', beginning)), 40_000)
  assert.equal(await group.masterPort(), group.replica.port)
  assert.equal((await store.find('a'))?.node, beginning.node)
})

test('TLS: with the right authority and a certificate of our own; without either it says so', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-tls-'))
  t.after(() => rm(folder, { recursive: true }))
  const [server, client] = [await selfSigned(folder, 'server'), await selfSigned(folder, 'client')]
  const port = await freePort()
  await startRedis(t, {
    args: [
      '--tls-port', String(port), '--tls-cert-file', '/srv/cert.pem', '--tls-key-file', '/srv/key.pem',
      '--tls-ca-cert-file', '/srv/clients.pem', '--tls-auth-clients', 'yes',
    ],
    files: { 'cert.pem': await readFile(server.cert, 'utf8'), 'key.pem': await readFile(server.key, 'utf8'), 'clients.pem': await readFile(client.cert, 'utf8') },
  })
  const url = `rediss://127.0.0.1:${port}`
  const access = { tlsCaFile: server.cert, tlsCertFile: client.cert, tlsKeyFile: client.key, tlsServerName: 'localhost' }
  const store = openStore(t, { url, ...access })
  await store.save('a', beginning)
  assert.equal((await store.find('a'))?.node, beginning.node)

  await assert.rejects(openStore(t, { url, ...access, tlsCaFile: client.cert }).check(), /store_unavailable|self.signed|unable to verify/)
  const { tlsCaFile, tlsServerName } = access
  await assert.rejects(openStore(t, { url, tlsCaFile, tlsServerName }).check(), isUnavailable)
  assert.throws(() => openStore(t, { url, tlsCaFile: '/nowhere.pem' }), /store\.tlsCaFile: \/nowhere\.pem cannot be read \(ENOENT\)/)
})

test('ACL: a user with the rights that the store needs, and no others', async (t) => {
  const server = await startRedis(t)
  const admin = new Redis(server.url)
  t.after(() => admin.disconnect())
  await admin.call('ACL', 'SETUSER', 'pilot', 'on', '>secret', '~ngpilot:*', ...rights)
  const store = openStore(t, { url: `redis://pilot:secret@127.0.0.1:${server.port}` })
  await store.save('a', { ...beginning, event: { at: 1, event: 'offer' } })
  assert.equal((await store.find('a'))?.timeline.length, 1)
  assert.equal(await store.size(), 1)
  await store.remove('a')
  await store.leaveDeletes([{ callId: 'a', node: { id: 'n', host: 'h', port: 1 }, expiresAt: 1 }])
  assert.equal((await store.takeDeletes()).length, 1)
  await store.check()

  const url = `redis://pilot:secret@127.0.0.1:${server.port}`
  const refused = (reason: string) => { throw new Error(reason) }
  const [asking, answering] = [openPeers({ url, refused }), openPeers({ url, refused })]
  t.after(() => Promise.all([asking.close(), answering.close()]))
  answering.about('another', () => Promise.resolve('no'))
  answering.about('this', () => Promise.resolve('yes'))
  const ask = asking.about('this', () => Promise.resolve(undefined))
  await until(async () => (await ask('anybody?'))[0] === 'yes')
})

test('Cluster: instances hear each other whatever node they are connected to', async (t) => {
  const { url } = cluster
  const refused = (reason: string) => { throw new Error(reason) }
  const peers = ['one', 'two', 'three'].map((said) => ({ said, peers: openPeers({ url, refused }) }))
  t.after(() => Promise.all(peers.map((each) => each.peers.close())))
  const [ask] = peers.map((each) => each.peers.about('this', (question) => Promise.resolve(`${each.said}: ${question}`)))
  await until(async () => (await ask?.('hm'))?.sort().join() === 'three: hm,two: hm')
})

/** As docs/redis.md has them. */
const rights = ['+@hash', '+@list', '+@sortedset', '+@scripting', '+@connection', '+del', '+pexpire', '+pttl', '+exists', '+time', '+set', '+info', '-script|kill', '+publish', '+subscribe', '&ngpilot:*']

function openStore (t: TestContext, options: Partial<RedisStoreOptions> & { url: string }) {
  const store = createRedisStore({ ttlSeconds: 60, commandTimeoutMs: 5000, ...options })
  t.after(() => store.close())
  return store
}

async function works (operation: () => Promise<unknown>): Promise<boolean> {
  return operation().then(() => true, () => false)
}

function isUnavailable (error: unknown): boolean {
  return error instanceof NgpilotError && error.code === 'store_unavailable'
}

async function selfSigned (folder: string, name: string): Promise<{ cert: string, key: string }> {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}-key.pem`)]
  await promisify(execFile)('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-days', '2',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
  ])
  return { cert, key }
}
