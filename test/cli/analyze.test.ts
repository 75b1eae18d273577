import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { analyzeCommand, type AnalyzeIo } from '../../src/cli/analyze.ts'
import { cases } from '../analyze/cases.ts'
import { call, formats, pcapOf, troubles } from '../analyze/traces.ts'
import { sample } from '../sdp/samples.ts'

async function run (t: TestContext, files: Record<string, Buffer | string>, ...args: string[]) {
  return runAt(t, { isTerminal: false, columns: undefined, env: {} }, files, ...args)
}

type Screen = Pick<AnalyzeIo, 'isTerminal' | 'columns' | 'env'>
async function runAt (t: TestContext, screen: Screen, files: Record<string, Buffer | string>, ...args: string[]) {
  const directory = await mkdtemp(join(tmpdir(), 'ngpilot-analyze-'))
  t.after(async () => rm(directory, { recursive: true }))
  await Promise.all(Object.entries(files).map(async ([name, content]) => writeFile(join(directory, name), content)))
  let [out, errors] = ['', '']
  const status = await analyzeCommand([...Object.keys(files).map((name) => join(directory, name)), ...args], {
    ...screen, write: (text) => { out += text }, writeError: (text) => { errors += text },
    input: Readable.from([Buffer.from(formats['sngrep']?.(call()) ?? '')]),
  })
  return { status, out, errors: errors.replaceAll(directory, '.') }
}

test('draws the ladder and lists what is found with the messages that show it', async (t) => {
  const { status, out } = await run(t, { 'trace.pcap': pcapOf(troubles['488 from the SIP endpoint'].trace) })
  assert.equal(status, 1)
  assert.match(out, /^Call call-1@example\.com: refused with 488 after 0\.12 s\n {2}198\.51\.100\.20:51000 {2}a browser, by its WebSocket\n/)
  assert.match(out, /\n {2}203\.0\.113\.5:5060 {5}passes the call on\n/)
  assert.match(out, / {3}1 {4}0\.000 {2}INVITE \(SDP\) {13}├─+►│ +│\n/)
  assert.match(out, / {3}4 {4}0\.100 {2}488 Not Acceptable Here {2}│ +│◄─+┤ {2}SIG-02\n/)
  assert.match(out, /error SIG-02 {2}the peer refuses the SDP\n[^\n]*messages 3, 4\n[^\n]*likely because of SIP-04[^\n]*\n[^\n]*reply: 488[^\n]*Warning: 304/)
})

test('a finding that is not sure says so', async (t) => {
  const { out } = await run(t, { 'trace.pcap': cases['RTP-01']?.trips[0] as Buffer })
  assert.match(out, /error RTP-01 [^\n]*\n {4}192\.0\.2\.77:35000, message \d+, confidence medium\n/)
})

test('no line is wider than the terminal, and only a terminal that wants it gets colours', async (t) => {
  const file = { 'trace.pcap': pcapOf(troubles['audio stops after 30 seconds'].trace) }
  for (const columns of [80, 120]) {
    const { out } = await runAt(t, { isTerminal: true, columns, env: { NO_COLOR: '1' } }, file)
    assert.deepEqual(out.split('\n').filter((line) => line.length > columns), [])
    assert.doesNotMatch(out, /\x1b/)
    assert.match(out, /\n {4}200: sent once, no ACK from [\s\S]*\n {4}why and mend: as above\n/)
  }
  assert.match((await runAt(t, { isTerminal: true, columns: 80, env: {} }, file)).out, /\x1b\[31m/)
  assert.doesNotMatch((await run(t, file)).out, /\x1b/)
})

test('of several calls the sound ones take a line each', async (t) => {
  const other = call().map((each) => ({ ...each, at: each.at + 100, text: each.text.replaceAll('call-1@', 'call-2@').replaceAll(/o=(\S+) \d+/g, (all) => all.replaceAll(/\d/g, '9')) }))
  const { out } = await run(t, { 'trace.pcap': pcapOf([...troubles['choppy audio'].trace, ...other]) })
  assert.match(out, /^2 calls in 26 SIP messages: errors in 0, warnings in 1\n {2}1 × warning \S+ {2}[^\n]+\n\nCall 1 call-1@example\.com: answered after 2 s, up for 58 s\n/)
  assert.match(out, /\nCall 2 call-2@example\.com: answered after 2 s, up for 58 s; nothing found\n$/)
})

test('of many calls those with something new are shown, all are counted, and any one is there when asked for', async (t) => {
  const one = troubles['488 from the SIP endpoint'].trace
  const trace = Array.from({ length: 40 }, (_, index) => one.map((each) =>
    ({ ...each, at: each.at + index * 100_000, text: each.text.replaceAll('call-1@', `call-${index + 1}@`) }))).flat()
  const file = { 'trace.pcap': pcapOf(trace) }
  const { out } = await run(t, file)
  assert.match(out, /^40 calls in \d+ SIP messages: errors in 40, [^\n]*\n(?: {2}\d+ × warning[^\n]*\n| {2}40 × error[^\n]*\n)+\nCall call-1@/)
  assert.match(out, /\n20 more calls, with no errors or warnings but those above: --call CALL-ID shows one/)
  assert.equal(out.match(/^Call /gm)?.length, 20)
  assert.match((await run(t, file, '--call', 'call-33@example.com')).out, /^Call call-33@example\.com: refused with 488/)
  assert.match((await run(t, file, '--call', 'call-99@example.com')).out, /^no call "call-99@example\.com" among the 40 calls/)
  const { calls, summary } = JSON.parse((await run(t, file, '--json')).out) as { calls: unknown[], summary: { calls: number } }
  assert.deepEqual([calls.length, summary.calls], [40, 40])
})

test('an SDP is read also behind a byte order mark', async (t) => {
  const sdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=mid:0\r\n'
  const reports = await Promise.all(['', '\ufeff'].map(async (mark) => (await run(t, { 'offer.sdp': mark + sdp })).out))
  assert.match(reports[0] ?? '', /SIP-07/)
  assert.equal(reports[1], reports[0])
})

test('a healthy call ends with 0, from standard input too', async (t) => {
  const { status, out } = await run(t, {}, '-')
  assert.equal(status, 0, out)
  assert.match(out, /Nothing found\.\n$/)
})

test('takes an offer and its answer in two files, and JSON', async (t) => {
  const { status, out } = await run(t, { '1-offer.sdp': sample('chromium-audio-gathered'), '2-answer.sdp': sample('bad-web-mid-mismatch') }, '--json')
  const report = JSON.parse(out) as { sdps: { findings: { id: string }[] } }
  assert.deepEqual([status, report.sdps.findings.map(({ id }) => id).includes('WEB-08')], [1, true])
})

test('says what is wrong with the command or the file, with status 2', async (t) => {
  assert.match((await run(t, {})).errors, /no file\n\nngpilot analyze FILE/)
  assert.match((await run(t, {}, '/nowhere/trace.pcap')).errors, /there is no file "\/nowhere\/trace\.pcap"/)
  assert.match((await run(t, {}, tmpdir())).errors, /is a directory; analyze takes a file/)
  assert.match((await run(t, { 'trace.pcap.gz': gzipSync('x') })).errors, /compressed by gzip: gunzip it first/)
  assert.match((await run(t, { 'trace.txt': Buffer.from('\ufeffINVITE', 'utf16le') })).errors, /UTF-16: iconv/)
  assert.match((await run(t, { 'a.txt': 'hello' })).errors, /neither SIP messages nor an SDP/)
  assert.deepEqual([(await run(t, { 'a.txt': 'hello' }, '--leg', 'x')).status, (await run(t, {}, '--help')).status], [2, 0])
})
