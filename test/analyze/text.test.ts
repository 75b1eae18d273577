import assert from 'node:assert/strict'
import test from 'node:test'
import { analyze } from '../../src/analyze/analyze.ts'
import { asNgpilotError } from '../../src/errors.ts'
import { hintsOf } from '../../src/analyze/hints.ts'
import { reportOf } from '../../src/analyze/report.ts'
import { sample } from '../sdp/samples.ts'
import { call, chunked, formats, places, sdps, troubles } from './traces.ts'

const report = async (text: string | Buffer, ...legs: string[]) =>
  reportOf(await analyze(chunked(text), { hints: hintsOf(legs) }))
const sngrep = formats['sngrep'] ?? (() => '')

test('reads times and addresses as each program writes them', async () => {
  for (const [name, write] of Object.entries(formats)) {
    if (name === 'without addresses or times') continue
    const { calls: [one] } = await report(write(call()))
    assert.deepEqual(one?.messages.slice(0, 3).map(({ at, source, destination }) => [at, source, destination]), [
      ['2026-11-27T10:00:00.000Z', places.browser, places.proxy], ['2026-11-27T10:00:00.010Z', places.proxy, places.browser],
      ['2026-11-27T10:00:00.020Z', places.proxy, places.phone],
    ], name)
  }
})

test('reads Asterisk, FreeSWITCH and a message with its line ends written out', async () => {
  const [invite] = call()
  const asterisk = `<--- Received SIP request (1900 bytes) from WSS:198.51.100.20:51000 --->\n${invite?.text ?? ''}\n`
  const freeswitch = `recv 1900 bytes from udp/[198.51.100.20]:51000 at 10:00:00.123456:\n------------------------------------\n${invite?.text ?? ''}\n`
  const escaped = `2026-11-27T10:00:00Z DEBUG siptrace: {"src":"198.51.100.20:51000 -> 203.0.113.5:5060"} ${(invite?.text ?? '').replaceAll('\r\n', '\\r\\n')}\n`
  for (const text of [asterisk, freeswitch, escaped]) {
    const { messages, calls: [one] } = await report(text)
    const [first] = one?.messages ?? []
    assert.deepEqual([messages, first?.hasSdp, first?.source], [1, true, places.browser], text.slice(0, 60))
  }
})

test('an endpoint\'s kind is recognised by transport, SDP or name, or told', async () => {
  const kinds = async (text: string, ...legs: string[]) =>
    (await report(text, ...legs)).calls[0]?.legs.map(({ name, kind, by }) => `${name} ${kind} ${by}`)
  assert.deepEqual(await kinds(sngrep(call())), [`${places.browser} web by its WebSocket`, `${places.phone} plain by the SDP that it sent`])
  assert.deepEqual(await kinds(sngrep(call()), '192.0.2.77=sdes'), [`${places.browser} web by its WebSocket`, `${places.phone} sdes as told`])
  const refusedCall = sngrep(troubles['488 from the SIP endpoint'].trace)
  assert.deepEqual((await kinds(refusedCall))?.[1], `${places.phone} plain by guess`)
  assert.deepEqual((await kinds(refusedCall, 'dtls'))?.[1], `${places.phone} dtls as told`)
  assert.throws(() => hintsOf(['192.0.2.1=webb']), { code: 'bad_request', message: /"webb" is no kind of leg; did you mean "web"\?/ })
})

test('legs with call-ids of their own are one call, by the session in o= or by time and number called', async () => {
  const change = (at: number) => call().map((each) => each.from === places.browser || each.to === places.browser
    ? each
    : { ...each, at: each.at + at, text: each.text.replaceAll('call-1@', 'other@') })
  const other = (text: string) => text.replaceAll('5225080575578838130', '99887766')
  assert.equal((await report(sngrep(change(0)))).calls.length, 1)
  const byTime = change(0).map((each) => each.text.includes('other@') ? { ...each, text: other(each.text) } : each)
  assert.equal((await report(sngrep(byTime))).calls.length, 1)
})

test('reads what a server sends over WebSocket from ngrep, and says that what a browser sends cannot be read', async () => {
  const isFromBrowser = ({ from }: { from: string }) => from === places.browser
  const framed = call().map((each) => each.to === places.browser ? { ...each, text: `\x81~\x05N${each.text}` } : each)
    .map((each) => isFromBrowser(each) ? { ...each, text: '\x81\xfe\x05\x10w=}S\x00z' } : each)
  // Bytes that cannot be printed are dots, as line ends are.
  const dots = (text: string) => text.replace(/[^\x20-\x7e\n]/g, '.')
  const text = dots((formats['ngrep -W byline -t'] ?? sngrep)(framed))
  const { calls: [one], problems, messages } = await report(text)
  assert.equal(messages, call().filter((each) => !isFromBrowser(each)).length)
  assert.match(problems.join(), /masked/)
  assert.deepEqual(one?.legs.map(({ name, kind, by }) => `${name} ${kind} ${by}`), [
    `${places.phone} plain by the SDP that it sent`, `${places.browser} web by its WebSocket`,
  ])
  assert.deepEqual(one.findings.filter(({ severity }) => severity !== 'note').map(({ id }) => id), [])
})

test('a proxy with an address for each side, or of which one side alone is seen, is no endpoint', async () => {
  const inner = '10.0.0.5:5060'
  // What the phone itself writes reaches no phone.
  const phoneAnswer = `${sdps.phoneAnswer}a=ssrc:7 cname:x\r\n`
  const twoHomed = call({ phoneAnswer }).map((each) => {
    const isInside = each.from === places.phone || each.to === places.phone
    const at = (end: string) => isInside && end === places.proxy ? inner : end
    const text = each.text.replace('branch=z9hG4bK-a-1\r', 'branch=z9hG4bK-a-1-INVITE\r')
    return { ...each, from: at(each.from), to: at(each.to), text }
  })
  const whole = (await report(sngrep(twoHomed))).calls[0]
  assert.deepEqual([whole?.middle.toSorted(), whole?.legs.map(({ name }) => name)], [
    [inner, places.proxy].toSorted(), [places.browser, places.phone],
  ])
  const onPhoneSide = twoHomed.filter(({ from, to }) => from === places.phone || to === places.phone)
  const part = (await report(sngrep(onPhoneSide))).calls[0]
  assert.deepEqual([part?.middle, part?.legs.map(({ name }) => name)], [[inner], [places.phone]])
  const grave = [whole, part].map((one) => one?.findings.filter(({ severity }) => severity !== 'note').map(({ id }) => id))
  assert.deepEqual(grave, [[], []])
})

test('an SDP alone, and an offer with its answer', async () => {
  const alone = await report(sample('bad-sip-leak-ice'))
  assert.deepEqual(alone.sdps?.findings.map(({ id }) => id), ['SIP-01'])
  const pair = await report(Buffer.concat([sample('chromium-audio-gathered'), sample('bad-web-codec-not-offered')]))
  assert.ok(pair.sdps?.findings.some(({ id, messages }) => id === 'WEB-10' && messages[0] === 2))
  assert.deepEqual(pair.sdps?.legs.map(({ kind }) => kind), ['web', 'web'])
  assert.deepEqual((await report(sample('chromium-audio-gathered'), 'plain')).sdps?.findings[0]?.id, 'SIP-01')
})

test('an SDP alone is for an endpoint such as wrote it, as far as it shows', async () => {
  const alone = async (name: string) => {
    const { sdps: found } = await report(sample(name))
    return [found?.legs[0]?.kind, ...found?.findings.filter(({ severity }) => severity === 'error').map(({ id }) => id) ?? []]
  }
  assert.deepEqual(await alone('teams-like-bypass-icelite-offer'), ['sdes'])
  assert.deepEqual(await alone('hold-legacy-zero-address'), ['plain'])
  assert.deepEqual(await alone('bad-web-no-rtcpmux'), ['web', 'WEB-03'])
  assert.deepEqual(await alone('baresip-dtls-ice'), ['dtls'])
  await assert.rejects(report(sample('trickle-fragment')), { code: 'bad_request', message: /trickle-ice-sdpfrag/ })
})

test('of two SDPs the first is the offer, and what both say of packet times and codecs is told', async () => {
  const ids = async (offer: string, answer: string) =>
    (await report(`${offer}${answer}`)).sdps?.findings.map(({ id, messages }) => `${id} ${messages.join()}`) ?? []
  const [offer, answer] = ['chromium-audio-gathered', 'good-webrtc-answer'].map((name) => sample(name).toString('latin1')) as [string, string]
  assert.deepEqual((await ids(offer, answer)).filter((id) => /WEB-12|OA-/.test(id)), [])
  assert.ok((await ids(offer.replace('setup:actpass', 'setup:active'), answer)).includes('WEB-12 1'))
  const plain = sdps.phoneAnswer
  assert.deepEqual((await ids(plain, plain)).filter((id) => id.startsWith('OA-')), [])
  assert.ok((await ids(plain, plain.replace('a=ptime:20', 'a=ptime:30'))).includes('OA-06 2'))
  const two = plain.replace('RTP/AVP 0', 'RTP/AVP 0 8')
  assert.ok((await ids(two, two)).includes('OA-10 2'))
})

test('a trace with the middle of a call alone shows that, one without calls says what is in it', async () => {
  const { calls: [one], messages } = await report(sngrep(call().slice(7)))
  assert.deepEqual([messages, one?.outcome, one?.findings.filter(({ severity }) => severity === 'error')], [6, { state: 'unknown' }, []])
  const others = await report(sngrep(call().slice(0, 2).map((each) => ({ ...each, text: each.text.replaceAll('INVITE', 'REGISTER') }))))
  assert.deepEqual([others.calls, others.methods], [[], { REGISTER: 2 }])
})

test('of a long trace the calls that are over are judged on the way, each once and whole', async () => {
  const one = call()
  const many = Array.from({ length: 850 }, (_, index) => one.map((each) => ({
    ...each, at: each.at + index, text: each.text.replaceAll('call-1@', `call-${index}@`).replaceAll(/^o=(\S+) \d+/gm, `o=$1 77000${index}`).replaceAll('bob@example', `bob${index}@example`),
  }))).flat().sort((left, right) => left.at - right.at)
  const { calls, messages, problems } = await report(sngrep(many))
  assert.deepEqual([calls.length, messages, problems], [850, 850 * one.length, []])
  assert.ok(calls.every(({ messages: own, findings, outcome }) =>
    own.length === one.length && outcome.upSeconds === 58 && findings.every(({ severity }) => severity === 'note')))
  assert.deepEqual(calls.map(({ callIds }) => callIds[0]), calls.map((_, index) => `call-${index}@example.com`))
})

test('a row of a table that cannot be read does not hide those after it', async () => {
  const csv = formats['sip_trace as CSV']?.(call()) ?? ''
  const lines = csv.split('\n')
  const broken = [lines[0], '1,"never closed', 'x'.repeat(300_000), ...lines.slice(1)].join('\n')
  const { messages, problems } = await report(broken)
  assert.deepEqual([messages, problems], [call().length, ['a row of the table whose quotes do not close']])
  const semicolons = 'msg;source_ip;source_port;destination_ip;destination_port;micro_ts\n' + call().map(({ text, from, to, at }) =>
    [`"${text.replaceAll('"', '""')}"`, ...from.split(':'), ...to.split(':'), 1_795_000_000_000_000 + at * 1e6].join(';')).join('\n')
  const homer = await report(semicolons)
  assert.deepEqual([homer.messages, homer.calls[0]?.messages[0]?.source, homer.calls[0]?.messages[0]?.at], [call().length, places.browser, '2026-11-18T11:06:40.000Z'])
})

test('shows no key, no ICE password and no control character', async () => {
  const text = sngrep(call({ phoneOffer: sample('baresip-sdes').toString('latin1').replace('sha', 'sha\x1b[31m') }))
  const shown = JSON.stringify(await report(text, '192.0.2.77=plain'))
  assert.doesNotMatch(shown, /inline:[A-Za-z0-9+/]{8}|\\u001b/)
  const password = /a=ice-pwd:(\S+)/.exec(sdps.browserOffer)?.[1] ?? 'none'
  assert.ok(!shown.includes(password))
})

test('says what it could not read, and that there is nothing', async () => {
  const torn = `${sngrep(call().slice(0, 1))}2026/11/27 10:00:01.000000 192.0.2.1:5060 -> 192.0.2.2:5060\nSIP/2.0 200 OK\nVia: x\nFrom: y\n\n`
  const { problems, messages } = await report(torn)
  assert.equal(messages, 1)
  assert.match(problems[0] ?? '', /^message 2: /)
  await assert.rejects(report('nothing of interest\n'), { code: 'bad_request', message: /neither SIP messages nor an SDP/ })
})

test('a log whose messages follow each other, their addresses before the start line', async () => {
  const prefix = ({ from, to }: { from: string, to: string }) => `Nov 27 10:00:00 proxy kamailio[1]: INFO: [${from} -> ${to}] `
  const { messages, calls: [one] } = await report(call().map((each) => `${prefix(each)}${each.text}`).join('\n'))
  assert.deepEqual([messages, one?.messages[2]?.destination], [call().length, places.phone])
})

/** What expressions that look for the beginning of something would try to begin at every place of. */
const long = {
  'one word': 'x'.repeat(1e6),
  'a start line without its end': `INVITE sip:a@b SIP/2.0 ${'x'.repeat(1e6)}`,
  'many beginnings': 'SIP/2.0 200 '.repeat(80_000),
  'many peers': 'recv from '.repeat(80_000),
  'many lines with beginnings': `${'SIP/2.0 200 '.repeat(300)}\n`.repeat(200),
  'an SDP with empty lines': `v=0\n${'\n'.repeat(200_000)}x\nv=0\n`,
}
for (const [name, text] of Object.entries(long)) {
  // Where it takes the square of the time it takes minutes.
  test(`reads long lines in time: ${name}`, { timeout: 30_000 }, async () => {
    const code = await report(text).then(() => 'read', (error: unknown) => asNgpilotError(error).code)
    assert.match(code, /^(?:read|bad_request)$/)
  })
}
