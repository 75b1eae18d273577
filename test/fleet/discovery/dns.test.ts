import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createResolver, type DnsName, dnsSource } from '../../../src/fleet/discovery/dns.ts'
import { PartialAnswer } from '../../../src/fleet/discovery/discovery.ts'
import { startDnsServer } from '../../support/dns-server.ts'

/** The nodes behind a name, each as `id at host:port`. */
const reader = (address: string, name: DnsName) => {
  const source = dnsSource(name, createResolver([address]))
  return async () => (await source.read()).map(({ id, host, port }) => `${id} at ${host} ${port}`)
}

test('each address of a name is a node, IPv4 and IPv6, in an order that stays', async (t) => {
  const server = await startDnsServer(t, { 'rtp.example': { a: ['10.0.0.2', '10.0.0.1'], aaaa: ['2001:db8::1'] } })
  const read = reader(server.address, { name: 'rtp.example', port: 2223 })
  const nodes = ['10.0.0.1:2223 at 10.0.0.1 2223', '10.0.0.2:2223 at 10.0.0.2 2223', '[2001:db8::1]:2223 at 2001:db8::1 2223']
  assert.deepEqual(await read(), nodes)
  server.zone.set('rtp.example', { a: ['10.0.0.1'] })
  assert.deepEqual(await read(), nodes.slice(0, 1))
})

test('each target of a service is a node with its priority and weight, and keeps its id when it moves', async (t) => {
  const server = await startDnsServer(t, {
    '_ng._udp.example': { srv: [{ target: 'b.example', port: 22, priority: 10, weight: 0 }, { target: 'a.example', port: 22, weight: 60 }] },
    'a.example': { a: ['10.0.0.1'] },
    'b.example': { a: ['10.0.0.3', '10.0.0.2'] },
  })
  const source = dnsSource({ name: '_ng._udp.example', sets: ['edge'], transport: 'ws' }, createResolver([server.address]))
  const same = { sets: ['edge'], transport: 'ws', port: 22 }
  assert.deepEqual(await source.read(), [
    { ...same, id: 'a.example:22', host: '10.0.0.1', priority: 0, weight: 60 },
    { ...same, id: 'b.example:22', host: '10.0.0.2', priority: 10, weight: 0.1 },
  ])
  server.zone.set('a.example', { a: ['10.0.0.9'] })
  server.zone.set('b.example', { a: ['10.0.0.1', '10.0.0.2'] })
  assert.deepEqual((await source.read()).map(({ id, host }) => [id, host]), [['a.example:22', '10.0.0.9'], ['b.example:22', '10.0.0.2']])
})

test('a certificate is held against the name that DNS was asked for, unless another is given', async (t) => {
  const server = await startDnsServer(t, {
    '_ng._tcp.example': { srv: [{ target: 'a.example', port: 22 }] }, 'a.example': { a: ['10.0.0.1'] },
  })
  const resolver = createResolver([server.address])
  const tlsOf = async (name: DnsName) => (await dnsSource(name, resolver).read()).map(({ tls }) => tls)
  const tls = { ca: 'PEM' }
  assert.deepEqual(await tlsOf({ name: 'a.example', port: 22, transport: 'wss', tls }), [{ ca: 'PEM', serverName: 'a.example' }])
  assert.deepEqual(await tlsOf({ name: '_ng._tcp.example', transport: 'https' }), [{ serverName: 'a.example' }])
  assert.deepEqual(await tlsOf({ name: 'a.example', port: 22, transport: 'https', tls: { serverName: 'b.example' } }), [{ serverName: 'b.example' }])
  assert.deepEqual(await tlsOf({ name: 'a.example', port: 22, transport: 'ws' }), [undefined])
})

test('a target without an address is told, with those that have one', async (t) => {
  const server = await startDnsServer(t, {
    '_ng._udp.example': { srv: [{ target: 'a.example', port: 22 }, { target: 'gone.example', port: 22 }] }, 'a.example': { a: ['10.0.0.1'] },
  })
  await assert.rejects(reader(server.address, { name: '_ng._udp.example' })(), (error) => {
    assert.ok(error instanceof PartialAnswer)
    assert.deepEqual([error.message, error.nodes.map(({ id }) => id), error.unread], ['gone.example has no address', ['a.example:22'], ['gone.example:22']])
    return true
  })
})

test('no answer, an error, rubbish and an empty answer are told, never taken for no nodes', async (t) => {
  const server = await startDnsServer(t, { 'rtp.example': { a: ['10.0.0.1'] }, 'empty.example': {}, '_ng._udp.example': { srv: [{ target: '.', port: 0 }] } })
  const read = reader(server.address, { name: 'rtp.example', port: 2223 })
  for (const [mood, told] of [['failing', /ESERVFAIL/], ['silent', /ETIMEOUT/], ['garbled', /\(E\w+\)/]] as const) {
    server.mood = mood
    await assert.rejects(read(), told)
  }
  server.mood = 'well'
  assert.deepEqual(await read(), ['10.0.0.1:2223 at 10.0.0.1 2223'])
  for (const name of ['empty.example', 'gone.example']) {
    await assert.rejects(reader(server.address, { name, port: 1 })(), { message: `${name} has no address` })
  }
  for (const name of ['_ng._udp.example', '_none._udp.example']) {
    await assert.rejects(reader(server.address, { name })(), { message: `${name} has no SRV record of a node` })
  }
})

test('one kind of address may fail where there never was one, and tells nothing where there was', async (t) => {
  const server = await startDnsServer(t, { 'rtp.example': { a: ['10.0.0.1'], aaaa: ['2001:db8::1'] } })
  const good = createResolver([server.address])
  let isIpv6Silent = true
  const source = dnsSource({ name: 'rtp.example', port: 1 }, {
    resolve4: (name: string) => good.resolve4(name),
    resolveSrv: (name) => good.resolveSrv(name),
    resolve6: (async (name: string) => {
      if (isIpv6Silent) throw Object.assign(new Error('late'), { code: 'ETIMEOUT' })
      return good.resolve6(name)
    }) as typeof good.resolve6,
  } as Parameters<typeof dnsSource>[1])
  const ids = async () => (await source.read()).map(({ id }) => id)
  assert.deepEqual(await ids(), ['10.0.0.1:1'])
  isIpv6Silent = false
  server.zone.set('rtp.example', { a: ['10.0.0.2'], aaaa: ['2001:db8::1'] })
  assert.deepEqual(await ids(), ['10.0.0.2:1', '[2001:db8::1]:1'])
  isIpv6Silent = true
  await assert.rejects(ids(), { message: 'DNS does not tell AAAA of rtp.example (ETIMEOUT)' })
})
