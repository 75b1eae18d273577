import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startNgpilot } from '../stack/ngpilot.ts'
import { freePort } from '../stack/ports.ts'
import { program } from '../stack/program.ts'
import { startRtpengine } from '../stack/rtpengine.ts'
import { sdpFile } from './support/calls.ts'

const goodPolicy = 'version: 1\nprofiles:\n  phone: { extends: sip, codecs: [PCMU, telephone-event] }\nendpoints:\n  - profile: phone\n'

test('starts, serves, counts, and stops with SIGTERM', async (t) => {
  const ngpilot = await startWith(t)
  assert.equal((await offer(ngpilot.url, 'some-call')).status, 200)
  const page = await (await fetch(`${ngpilot.url}/metrics`)).text()
  for (const line of [
    /^ngpilot_requests_total\{ingress="http",command="offer",result="ok"\} 1$/m,
    /^ngpilot_request_duration_seconds_count\{.*\} 1$/m,
    /^ngpilot_ng_commands_total\{node="n1",command="offer",result="ok"\} 1$/m,
    /^ngpilot_ng_round_trip_seconds_count\{node="n1"\} \d+$/m,
    /^ngpilot_decisions_total\{command="offer",sender="phone",receiver="phone",revision="[0-9a-f]{12}"\} 1$/m,
    /^ngpilot_policy_info\{revision="\w+"\} 1$/m,
    /^ngpilot_policy_reloads_total\{result="ok"\} 1$/m,
    /^ngpilot_calls 1$/m,
    /^ngpilot_store_operations_total\{operation="save",result="ok"\} 1$/m,
  ]) assert.match(page, line)
  assert.doesNotMatch(page, /some-call/, 'no call-id in a metric')

  process.kill(ngpilot.pid, 'SIGTERM')
  assert.equal(await ngpilot.ended, 0)
  const lines = ngpilot.logs().trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  const answered = lines.filter(({ msg }) => msg === 'request answered')
  assert.equal(answered.length, 1, 'one line a request')
  assert.deepEqual(pick(answered[0], ['callId', 'command', 'node', 'sender', 'receiver']), {
    callId: 'some-call', command: 'offer', node: 'n1', sender: 'phone', receiver: 'phone',
  })
  assert.equal(lines.at(-1)?.msg, 'stopped')
})

test('SIGHUP loads the policy anew; a broken one changes nothing and is told', async (t) => {
  const { ngpilot, write } = await startWithPolicy(t)
  const revision = await revisionOf(ngpilot.url)
  await write(goodPolicy.replace('PCMU', 'PCMX'))
  process.kill(ngpilot.pid, 'SIGHUP')
  const told = await until(async () => (await policyCheck(ngpilot.url)).detail, (detail) => detail.includes('PCMX'))
  assert.match(told, /policy\.yaml:3:\d+.*PCMX.*PCMU/)
  assert.equal((await offer(ngpilot.url, 'c1')).status, 200, 'the last good policy serves on')
  assert.equal((await fetch(`${ngpilot.url}/readyz`)).status, 200)
  assert.equal(await revisionOf(ngpilot.url), revision)

  await write(goodPolicy.replace('PCMU', 'PCMA'))
  process.kill(ngpilot.pid, 'SIGHUP')
  await until(() => revisionOf(ngpilot.url), (now) => now !== revision)
  assert.match((await policyCheck(ngpilot.url)).detail, /^revision /)
})

test('a configuration with several faults is refused with all of them, and never starts', async () => {
  const { code, printed } = await run({ NGPILOT_HTTP_PORT: '99999', NGPILOT_HTTP_HOST: '0.0.0.0', NGPILOT_STROE_URL: 'memory:' })
  assert.equal(code, 1)
  assert.match(printed, /http\.port \(NGPILOT_HTTP_PORT\): found 99999; must be a whole number from 0 to 65535/)
  assert.match(printed, /http\.token.*must be set/)
  assert.match(printed, /NGPILOT_STROE_URL: no such setting; did you mean NGPILOT_STORE_URL\?/)
  assert.doesNotMatch(printed, /\n {4}at /, 'no stack for a fault of the operator')
})

test('a policy with a misspelt flag is refused with file, line and the right word, and never starts', async (t) => {
  const folder = await policyFolder(t, goodPolicy.replace('] }', '], ng: { flags: [strip-extmpa] } }'))
  const { code, printed } = await run({ NGPILOT_POLICY_DIRECTORY: folder })
  assert.equal(code, 1)
  assert.match(printed, /policy\.yaml:3:\d+: .*strip-extmpa.*strip-extmap/)
})

test('a port that is taken is refused in words', async (t) => {
  const ngpilot = await startWith(t)
  const { code, printed } = await run({ NGPILOT_HTTP_PORT: String(ngpilot.port), NGPILOT_POLICY_DIRECTORY: 'policy' })
  assert.equal(code, 1)
  assert.match(printed, /address already in use/)
})

test('a Redis that nobody answers for: told on /readyz, calls refused with 503 at once, and no secret shown', async (t) => {
  const rtpengine = await startRtpengine(t)
  const url = `redis://ngpilot:secret-word@127.0.0.1:${await freePort()}`
  const env = { NGPILOT_STORE_URL: url, NGPILOT_STORE_ON_UNAVAILABLE: 'reject', NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: 'policy' }
  const ngpilot = await startNgpilot(t, { env, isReadyAt: '/healthz' })
  const ready = await fetch(`${ngpilot.url}/readyz`)
  assert.equal(ready.status, 503)
  assert.match((await ready.json() as Ready).checks.store?.detail ?? '', /the call store redis:\/\/ngpilot:\*\*\*@127\.0\.0\.1:\d+.*ECONNREFUSED/)
  const refused = await offer(ngpilot.url, 'c1')
  assert.equal(refused.status, 503)
  assert.equal(refused.headers.get('ngpilot-sip-status'), '503 Service Unavailable')
  assert.match((await refused.json() as { code: string }).code, /store_unavailable/)
  assert.doesNotMatch(ngpilot.logs(), /secret-word/)
})

test('without its Redis it serves from memory, and says degraded', async (t) => {
  const ngpilot = await startWith(t, { NGPILOT_STORE_URL: `redis://127.0.0.1:${await freePort()}` })
  assert.equal((await offer(ngpilot.url, 'c1')).status, 200)
  const ready = await fetch(`${ngpilot.url}/readyz`)
  assert.equal(ready.status, 200)
  const { status, checks } = await ready.json() as Ready & { status: string }
  assert.equal(status, 'degraded')
  assert.match(checks.store?.detail ?? '', /^degraded, calls go on from memory; changes of 1 calls wait: .*ECONNREFUSED/)
  const page = await (await fetch(`${ngpilot.url}/metrics`)).text()
  assert.match(page, /^ngpilot_store_degraded 1$/m)
  assert.match(page, /^ngpilot_store_waiting_calls 1$/m)
})

test('garbage from the network harms nobody', async (t) => {
  const ngpilot = await startWith(t)
  for (const type of ['message/sip', 'application/sdp', 'application/json', 'multipart/mixed', 'x/y']) {
    for (const body of [Buffer.from([0, 255, 254, 13, 10]), Buffer.alloc(100_000, '\r\n'), Buffer.from('{"__proto__":1}')]) {
      for (const path of ['/v1/sip', '/v1/offer', '/v1/answer', '/v1/delete']) {
        const { status } = await fetch(`${ngpilot.url}${path}`, { method: 'POST', headers: { 'content-type': type }, body })
        assert.ok(status >= 400 && status < 500, `${path} ${type} ${status}`)
      }
    }
  }
  assert.equal((await offer(ngpilot.url, 'c1')).status, 200)
})

interface Ready { checks: Record<string, { detail: string }> }

async function startWith (t: TestContext, env: Record<string, string> = {}) {
  const rtpengine = await startRtpengine(t)
  return startNgpilot(t, {
    env: { NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: 'policy', ...env },
  })
}

async function startWithPolicy (t: TestContext) {
  const folder = await policyFolder(t, goodPolicy)
  const ngpilot = await startWith(t, { NGPILOT_POLICY_DIRECTORY: folder })
  return { ngpilot, write: (text: string) => writeFile(join(folder, 'policy.yaml'), text) }
}

async function policyFolder (t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-policy-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'policy.yaml'), text)
  return folder
}

/** Runs ngpilot to its end: for starts that must fail. */
async function run (env: Record<string, string>): Promise<{ code: number, printed: string }> {
  const child = spawn(process.execPath, [...program], { env: { PATH: process.env.PATH, ...env } })
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => { printed += chunk.toString() })
  child.stderr.on('data', (chunk: Buffer) => { printed += chunk.toString() })
  const [code] = await once(child, 'close') as [number]
  return { code, printed }
}

function offer (url: string, callId: string): Promise<Response> {
  const body = JSON.stringify({ callId, fromTag: 'f', sdp: sdpFile('answer-plain-pcmu').toString() })
  return fetch(`${url}/v1/offer`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

async function policyCheck (url: string): Promise<{ detail: string }> {
  const { checks } = await (await fetch(`${url}/readyz`)).json() as Ready
  return checks.policy ?? { detail: '' }
}

async function revisionOf (url: string): Promise<string> {
  return /ngpilot_policy_info\{revision="(\w+)"\} 1/.exec(await (await fetch(`${url}/metrics`)).text())?.[1] ?? ''
}

async function until<T> (ask: () => Promise<T>, isRight: (value: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const value = await ask()
    if (isRight(value)) return value
    await sleep(25)
  }
  throw new Error(`never right: ${JSON.stringify(await ask())}`)
}

function pick (object: Record<string, unknown> | undefined, keys: string[]): object {
  return Object.fromEntries(keys.map((key) => [key, object?.[key]]))
}
