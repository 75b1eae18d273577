import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { test } from 'node:test'
import { runDemo } from './run-demo.ts'

test('--help tells the options', async () => {
  const { code, printed } = await runDemo(['--help'])
  assert.equal(code, 0)
  for (const option of ['--check', '--port', '--address']) assert.ok(printed.includes(option), option)
})

test('an option that does not exist is refused', async () => {
  const { code, printed } = await runDemo(['--prot', '8090'])
  assert.equal(code, 1)
  assert.match(printed, /Unknown option '--prot'/)
})

test('a port that is none is refused', async () => {
  const { code, printed } = await runDemo(['--port', '70000'])
  assert.equal(code, 1)
  assert.match(printed, /--port 70000: must be a number from 0 to 65535/)
})

test('a taken port is told with who has it and what to do, before anything is started', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { code, printed } = await runDemo(['--port', String(port)])
  assert.equal(code, 1)
  assert.match(printed, new RegExp(`port ${port} is taken by \\S+ \\(pid ${process.pid}\\)\\. .*--port ${port + 1}`))
  assert.doesNotMatch(printed, /rtpengine/)
})

test('an address that no interface has is refused, with those there are', async () => {
  const { code, printed } = await runDemo(['--address', '203.0.113.5'])
  assert.equal(code, 1)
  assert.match(printed, /--address 203\.0\.113\.5: no interface of this machine has it; there are .*127\.0\.0\.1/)
})

test('without root it says why it needs to be', async () => {
  const nobody = 65534
  const { code, printed } = await runDemo([], { uid: nobody, gid: nobody })
  assert.equal(code, 1)
  assert.match(printed, /must run as root/)
})
