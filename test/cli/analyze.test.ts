import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { analyzeCommand } from '../../src/cli/analyze.ts'
import { call, formats, pcapOf, troubles } from '../analyze/traces.ts'
import { sample } from '../sdp/samples.ts'

async function run (t: TestContext, files: Record<string, Buffer | string>, ...args: string[]) {
  const directory = await mkdtemp(join(tmpdir(), 'ngpilot-analyze-'))
  t.after(async () => rm(directory, { recursive: true }))
  await Promise.all(Object.entries(files).map(async ([name, content]) => writeFile(join(directory, name), content)))
  let [out, errors] = ['', '']
  const status = await analyzeCommand([...Object.keys(files).map((name) => join(directory, name)), ...args], {
    isTerminal: false, write: (text) => { out += text }, writeError: (text) => { errors += text },
    input: Readable.from([Buffer.from(formats['sngrep']?.(call()) ?? '')]),
  })
  return { status, out, errors: errors.replaceAll(directory, '.') }
}

test('draws the ladder and lists what is found with the messages that show it', async (t) => {
  const { status, out } = await run(t, { 'trace.pcap': pcapOf(troubles['488 from the SIP endpoint'].trace) })
  assert.equal(status, 1)
  assert.match(out, /^Call 1 of 1: call-1@example\.com\n {2}198\.51\.100\.20:51000: a browser, by its WebSocket\n/)
  assert.match(out, / {3}1 {5}0\.000 s {2}│─INVITE \(SDP\)─+►│\n/)
  assert.match(out, / {3}4 {5}0\.100 s {2}│ {29}│◄─488 Not Acceptable H?[^\n]*─│\n/)
  assert.match(out, /error {3}SIG-02 {2}the peer refuses the SDP: likely because of SIP-04[^\n]*\n[^\n]*message 3, 4\n[^\n]*reply 488[^\n]*\n[^\n]*Warning 304/)
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
  assert.match((await run(t, {}, '/nowhere/trace.pcap')).errors, /ENOENT.*\/nowhere\/trace\.pcap/)
  assert.match((await run(t, { 'a.txt': 'hello' })).errors, /neither SIP messages nor an SDP/)
  assert.deepEqual([(await run(t, { 'a.txt': 'hello' }, '--leg', 'x')).status, (await run(t, {}, '--help')).status], [2, 0])
})
