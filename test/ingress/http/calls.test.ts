import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { callCommands } from '../../../src/calls/commands.ts'
import { startNgpilot } from '../../../stack/ngpilot.ts'
import { program } from '../../../stack/program.ts'
import { startRtpengine } from '../../../stack/rtpengine.ts'
import { makeSilent } from '../../../stack/silent.ts'
import { sdpFile } from '../../support/calls.ts'
import { sharedContext } from '../../support/shared.ts'
import { until } from '../../state/contract.ts'

const shared = sharedContext()
const nodes = [await startRtpengine(shared), await startRtpengine(shared)] as const
const ngpilot = await startNgpilot(shared, {
  env: {
    NGPILOT_RTPENGINE_NODES: nodes.map(({ port }, index) => `n${index + 1}=127.0.0.1:${port}`).join(','), NGPILOT_POLICY_DIRECTORY: 'policy',
  },
})
const sdp = sdpFile('answer-plain-pcmu').toString()

test('a call is listed, shown, commanded and ended', async () => {
  const callId = 'weird/id?%23 ü'
  const path = `/v1/calls/${encodeURIComponent(callId)}`
  const node = await makeCall(callId)
  const { body: listed } = await ask<{ calls: { callId: string, node: string, legs: object[] }[] }>('GET', '/v1/calls')
  assert.deepEqual(listed.calls.map((call) => [call.callId, call.node, call.legs.length]), [[callId, node, 2]])

  const { body: shown } = await ask<{ timeline: { event: string }[], branches: { state: string }[], isStranded: boolean }>('GET', path)
  assert.deepEqual(shown.timeline.map(({ event }) => event), ['offer', 'answer'])
  assert.deepEqual(shown.branches.map(({ state }) => state), ['confirmed'])
  assert.equal(shown.isStranded, false)

  const queried = await ask<{ node: string, reply: { tags: object } }>('POST', `${path}/query`)
  assert.equal(queried.body.node, node)
  assert.deepEqual(Object.keys(queried.body.reply.tags).sort(), ['from', 'to'])
  assert.equal((await ask('POST', `${path}/block-media`, { fromTag: 'from' })).status, 200)
  const { body: again } = await ask<{ timeline: { event: string }[] }>('GET', path)
  assert.equal(again.timeline.at(-1)?.event, 'media blocked')

  assert.equal((await ask('DELETE', path)).status, 204)
  assert.equal((await ask('GET', path)).status, 404)
  assert.equal((await ask('POST', `${path}/query`)).status, 404)
})

test('pages hold every call once, also of one node alone', async () => {
  const calls = Array.from({ length: 12 }, (_, index) => `page-${index}`)
  const of = new Map<string, string>()
  for (const callId of calls) of.set(callId, await makeCall(callId))
  assert.deepEqual((await pages('limit=5')).sort(), [...calls].sort())
  assert.deepEqual((await pages('limit=5&node=n1')).sort(), calls.filter((callId) => of.get(callId) === 'n1').sort())
  assert.deepEqual(await pages('stranded'), [])
  assert.deepEqual((await pages('stranded=false')).sort(), [...calls].sort())
  const printed = await run(['calls', '--url', ngpilot.url])
  assert.match(printed, /^CALL +NODE +STATE +FOR +LEGS +STRANDED\n/)
  assert.equal(printed.trim().split('\n').length, 13)
  assert.match(await run(['calls', 'show', 'page-3', '--url', ngpilot.url]), /^page-3: established since .*\non n[12] \(up\), policy revision \w+\n[\s\S]*offer +phone → phone/)
  await assert.rejects(run(['calls', 'show', 'nobody', '--url', ngpilot.url]), /ngpilot: there is no call nobody/)
  await assert.rejects(run(['calls', 'show', '--url', ngpilot.url]), /calls show takes the Call-ID of one call/)
  for (const callId of calls) await ask('DELETE', `/v1/calls/${callId}`)
})

test('the calls of a node that is lost are listed as stranded', async () => {
  for (let index = 0; index < 8; index++) await makeCall(`lost-${index}`)
  const onFirst = await pages('node=n1')
  assert.ok(onFirst.length > 0)
  await makeSilent(nodes[0].pid)
  await until(async () => (await pages('stranded')).length === onFirst.length, 20_000)
  assert.deepEqual((await pages('stranded')).sort(), onFirst.sort())
  assert.match(await run(['calls', '--stranded', '--url', ngpilot.url]), /n1 is down/)
  process.kill(nodes[0].pid, 'SIGCONT')
  await until(async () => (await pages('stranded')).length === 0, 20_000)
})

for (const name of Object.keys(callCommands).filter((each) => each !== 'ng')) {
  test(`${name}: a key that it does not know is refused, and named`, async () => {
    const { status, body } = await ask<{ detail: string }>('POST', `/v1/calls/x/${name}`, { nonsense: 1 })
    assert.equal(status, 400)
    assert.match(body.detail, /unknown key "nonsense"/)
  })
}

test('what is missing, too large or of a wrong kind is refused in words', async () => {
  for (const [path, given, detail] of [
    ['play-dtmf', {}, /required property 'code'/], ['play-dtmf', { code: 'x' }, /code/], ['play-dtmf', { code: '1', duration: 5 }, /duration must be >= 100/],
    ['play-media', { fromTag: 'a' }, /play-media needs one of file, blob and dbId/], ['block-dtmf', { mode: 'sing' }, /mode must be one of drop, silence/],
    ['subscribe-request', { fromTags: [] }, /fromTags/], ['publish', { fromTag: 'a', sdp: 'x', ng: { ICEE: 'force' } }, /ng\.ICEE: unknown NG key; did you mean "ICE"\?/],
    ['ng', {}, /required property 'command'/], ['ng', { command: 'delete' }, /verbs of their own/], ['ng', { command: 'mesh', calls: [1.5] }, /calls\[0\]: NG knows/],
  ] as const) {
    const { status, body } = await ask<{ detail: string }>('POST', `/v1/calls/x/${path}`, given)
    assert.equal(status, 400, path)
    assert.match(body.detail, detail)
  }
  for (const [query, detail] of [
    ['limit=1001', /limit must be a number from 1 to 1000$/], ['stranded=yes', /stranded must be one of nothing, true, false$/],
    ['nod=n1', /unknown key "nod"; did you mean "node"\?/],
  ] as const) {
    const { status, body } = await ask<{ detail: string }>('GET', `/v1/calls?${query}`)
    assert.equal(status, 400)
    assert.match(body.detail, detail)
  }
})

/** What each command takes to be carried out; those that are not here need nothing. */
const needed: Partial<Record<keyof typeof callCommands, object>> = {
  'block-dtmf': { fromTag: 'from' }, 'play-dtmf': { code: '5', fromTag: 'from' }, 'play-media': { fromTag: 'from', file: '/nowhere.wav' },
  'stop-media': { fromTag: 'from' }, 'subscribe-request': { fromTag: 'from', toTag: 'listener' }, 'subscribe-answer': { toTag: 'listener', sdp },
  unsubscribe: { toTag: 'listener' }, publish: { fromTag: 'publisher', sdp }, ng: { command: 'query' },
}
/** A second time there is nothing to do for it, and rtpengine says so. */
const onceOnly = ['unsubscribe']
/** There is no such file, and no media that a digit could go into. */
const refused = ['play-media', 'play-dtmf']

test('what is asked twice, for want of an answer, is answered twice the same', async () => {
  const callId = 'twice'
  const twice = async (path: string, body: object) => {
    const [one, two] = [await ask<{ sdp?: string, reply?: object }>('POST', path, body), await ask<{ sdp?: string, reply?: object }>('POST', path, body)]
    return { one, two, what: `${path}: ${JSON.stringify([one, two])}` }
  }
  for (const [verb, body] of [['offer', { callId, fromTag: 'from', sdp }], ['answer', { callId, fromTag: 'from', toTag: 'to', sdp }]] as const) {
    const { one, two, what } = await twice(`/v1/${verb}`, body)
    assert.deepEqual([one.status, two.status, portsOf(two.body.sdp)], [200, 200, portsOf(one.body.sdp)], what)
  }
  for (const name of Object.keys(callCommands) as (keyof typeof callCommands)[]) {
    if (onceOnly.includes(name)) continue
    const { one, two, what } = await twice(`/v1/calls/${callId}/${name}`, needed[name] ?? {})
    assert.deepEqual([one.status, two.status], refused.includes(name) ? [502, 502] : [200, 200], what)
  }
  const stored = async () => (await pages('limit=5')).filter((stored) => stored === callId)
  assert.deepEqual(await stored(), [callId])
  const deleted = await twice('/v1/delete', { callId })
  assert.deepEqual([deleted.one.status, deleted.two.status, await stored()], [204, 204, []], deleted.what)
})

test('a command that is in no list goes to the call\'s node too, whose word it is', async () => {
  const node = await makeCall('any')
  const asked = (body: object) => ask<{ node?: string, detail?: string, reply: { result: string, tags: object } }>('POST', '/v1/calls/any/ng', body)
  const queried = await asked({ command: 'query' })
  assert.deepEqual([queried.status, queried.body.node, Object.keys(queried.body.reply.tags)], [200, node, ['from', 'to']])
  const connected = await asked({ command: 'connect', 'from-tag': 'from', 'to-tag': 'x' })
  assert.deepEqual([connected.status, connected.body.detail], [501, `node ${node} is too old for "connect", which came with rtpengine 13.2`])
  const unheard = await asked({ command: 'sing', song: ['one', { two: 2 }] })
  assert.deepEqual([unheard.status, unheard.body.detail], [501, `node ${node} knows no "sing"`])
  await ask('DELETE', '/v1/calls/any')
})

test('the API page has every command, with what it takes', async () => {
  const { body } = await ask<{ paths: Record<string, unknown> }>('GET', '/openapi.json')
  for (const name of Object.keys(callCommands)) assert.ok(body.paths[`/v1/calls/{id}/${name}`], name)
  assert.match(JSON.stringify(body.paths['/v1/calls/{id}/play-dtmf']), /"code":"5"/)
})

/** The m-lines of an SDP: a new exchange would have ports of its own. */
function portsOf (text = ''): string[] {
  return text.split('\r\n').filter((line) => line.startsWith('m='))
}

async function makeCall (callId: string): Promise<string> {
  const offered = await ask<{ node: string }>('POST', '/v1/offer', { callId, fromTag: 'from', sdp })
  assert.equal(offered.status, 200)
  assert.equal((await ask('POST', '/v1/answer', { callId, fromTag: 'from', toTag: 'to', sdp })).status, 200)
  return offered.body.node
}

/** The call-ids of all pages. */
async function pages (query: string): Promise<string[]> {
  const found: string[] = []
  for (let after: string | undefined, isMore = true; isMore;) {
    const { body } = await ask<{ calls: { callId: string }[], next?: string }>('GET', `/v1/calls?${query}${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`)
    found.push(...body.calls.map(({ callId }) => callId))
    after = body.next
    isMore = after !== undefined
  }
  return found
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- says at the call what is expected
async function ask<T = unknown> (method: string, path: string, body?: object): Promise<{ status: number, body: T }> {
  const reply = await fetch(`${ngpilot.url}${path}`, {
    method, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const text = await reply.text()
  return { status: reply.status, body: (text === '' ? undefined : JSON.parse(text)) as T }
}

async function run (args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...program, ...args], { env: { PATH: process.env.PATH } })
  return stdout
}
