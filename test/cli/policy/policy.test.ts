import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runPolicy } from './run.ts'

test('prints how it is used, for no arguments and for --help', async () => {
  const { out, code } = await runPolicy([])
  assert.match(out, /^ngpilot policy: .*\n\n {2}ngpilot policy /)
  assert.equal(code, 0)
  const own = (await runPolicy(['import', '--help'])).out
  assert.match(own, /^ {2}ngpilot policy import "STRING" \| kamailio\.cfg .*\n {6}--for /)
  assert.match(own, /\n {2}--format text\|json /)
  assert.doesNotMatch(own, /policy check/)
  for (const option of own.split('\n').slice(1)) assert.ok(out.replaceAll(/ +/g, ' ').includes(option.replaceAll(/ +/g, ' ')), option)
})

test('refuses what is no command, no option or no format, and says what would be right', async () => {
  const cases: [string[], RegExp][] = [
    [['imprt', 'x'], /^ngpilot: "policy imprt" is no command; did you mean "policy import"\?\n$/],
    [['import', 'x', '--frmat', 'json'], /^ngpilot: Unknown option '--frmat'; did you mean --format\?\n\n {2}ngpilot policy import /],
    [['check', '--xyz'], /^ngpilot: Unknown option '--xyz'\n\n {2}ngpilot policy check /],
    [['schema', 'x'], /^ngpilot: schema takes nothing, found x\n$/],
    [['test', 'package.json'], /\npackage\.json: is a file; a policy is a directory: \.\n$/],
    [['explain', 'package.json', 'nowhere'], /^ngpilot: there is no directory "nowhere"\n$/],
    [['import', 'x', '--format', 'yaml'], /^ngpilot: --format must be text or json, found "yaml"\n$/],
    [['import'], /^ngpilot: import takes a flags string, in quotes, or a file: /],
    [['import', 'x', '--kamailio', '4.4'], /^ngpilot: --kamailio must be one of 5.6, 5.8, 6.0, 6.1, found "4.4"\n$/],
    [['import', 'x', '--versions', '10.5,new'], /^ngpilot: --versions takes rtpengine versions such as 10.5,12.5.1.31; "new" is none\n$/],
    [['presets', 'sipp'], /^ngpilot: there is no preset "sipp"; did you mean "sip"\?\n$/],
  ]
  for (const [args, message] of cases) {
    const { out, errors, code } = await runPolicy(args)
    assert.match(errors, message)
    assert.deepEqual([out, code], ['', 2])
  }
})

test('with --format json an error is JSON too', async () => {
  const { out, errors, code } = await runPolicy(['test', 'package.json', '--format', 'json'])
  const { error } = JSON.parse(out) as { error: { code: string, message: string } }
  assert.deepEqual([error.code, errors, code], ['policy_invalid', '', 2])
  assert.match(error.message, /\npackage\.json: is a file; a policy is a directory: \.$/)
})

test('colours words in a terminal, never in a pipe, and never with NO_COLOR', async () => {
  const args = ['import', 'ICE=remove']
  assert.match((await runPolicy(args, { isTerminal: true })).out, /\x1b\[31merror\x1b\[39m NG-04/)
  assert.doesNotMatch((await runPolicy(args)).out, /\x1b/)
  assert.doesNotMatch((await runPolicy(args, { isTerminal: true, env: { NO_COLOR: '1' } })).out, /\x1b/)
})

test('presets are printed in the words of policy files, and as JSON', async () => {
  const { out } = await runPolicy(['presets', 'sip'])
  assert.match(out, /^sip\n {2}# Plain RTP: .*\n {2}protocol: RTP\/AVP\n {2}ice: none\n[^]*\n {2}codecs: \[ PCMU, PCMA, telephone-event \]\n\n$/)
  const all = JSON.parse((await runPolicy(['presets', '--format', 'json'])).out) as Record<string, { protocol: string }>
  assert.equal(all['webrtc']?.protocol, 'UDP/TLS/RTP/SAVPF')
})
