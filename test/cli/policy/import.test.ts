import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { loadPolicy } from '../../../src/policy/load.ts'
import { policyDirectory } from '../../policy/directory.ts'
import { runPolicy } from './run.ts'

const script = `#!KAMAILIO
include_file "media.cfg"
include_file "lost.cfg"
request_route {
  if ($proto == "wss") rtpengine_offer("RTP/AVP ICE=remove rtcp-mux-demux ptime=30");
  rtpengine_offer("RTP/AVP ICE=remove rtcp-mux-demux ptime=30 direction=$var(side)");
}
`

test('imports each flags string of a script and of what it includes, as one policy', async (t) => {
  const directory = await policyDirectory(t, { 'kamailio.cfg': script, 'media.cfg': 'route[M] {\n  rtpengine_answer("ICE=remov");\n  rtpengine_manage();\n}\n' })
  const { out, code } = await runPolicy(['import', join(directory, 'kamailio.cfg')])
  const told = out.replaceAll(`${directory}/`, '')
  for (const line of [
    /^kamailio\.cfg:5:40: rtpengine_offer\n {2}in request_route › if \(\$proto == "wss"\)\n {2}"RTP\/AVP .*"\n {2}amounts to the profile imported-sip\n\n/,
    /^ {2}warning: the script fills this in, so that it is not in the profile\n {4}RTP.*\n {4} +\^{20}$/m,
    /^media\.cfg:2:20: rtpengine_answer\n {2}in route\[M\]\n[^]*?error NG-02: unknown word "remov"; did you mean "remove"\?/m,
    /^media\.cfg:3: rtpengine_manage: has no flags: it asks rtpengine for nothing$/m,
    /^not read: lost\.cfg, which is included$/m,
    /^ {4}# kamailio\.cfg:5, kamailio\.cfg:6\n {4}imported-sip:\n {6}extends: sip\n {6}ptime: 30$/m,
    /^3 strings, 2 with something wrong; 1 profile beside the preset sip\.$/m,
  ]) assert.match(told, line)
  assert.equal(code, 1)
  const yaml = /^As policy:\n([^]*?)\n\n/m.exec(out)?.[1] ?? ''
  const read = await loadPolicy(await policyDirectory(t, { 'a.yaml': yaml.replaceAll(/^ {2}/gm, '') }))
  assert.equal(read.profiles.get('imported-sip')?.ptime, 30)
  const { policy } = JSON.parse((await runPolicy(['import', join(directory, 'kamailio.cfg'), '--format', 'json'])).out) as { policy: unknown }
  assert.deepEqual(policy, parse(yaml))
})

test('takes a line as it was copied from a script', async () => {
  const importOf = async (text: string) => JSON.parse((await runPolicy(['import', text, '--format', 'json'])).out) as { string: string, strings: { string: string, name: string }[] }
  for (const piece of ['#!define FLAGS "RTP/AVP ICE=remove"', '$var(flags) = "RTP/AVP " + "ICE=remove";', '\'RTP/AVP ICE=remove\'']) {
    assert.equal((await importOf(piece)).string, 'RTP/AVP ICE=remove')
  }
  const [one] = (await importOf('if (is_reply()) rtpengine_answer("ICE=force");')).strings
  assert.deepEqual([one?.name, one?.string], ['rtpengine_answer', 'ICE=force'])
  assert.match((await runPolicy(['import', '$var(x) = 5;'])).errors, /^ngpilot: \$var\(x\) = 5; says no text; import takes a flags string, or a file: /)
})

test('a string of a function with two arguments is read as rtpengine reads it, lists in brackets from 13 on', async () => {
  const imported = async (versions: string) => JSON.parse((await runPolicy([
    'import', 'transport-protocol=RTP/AVP replace=[username]', '--verbatim', '--for', 'answer', '--versions', versions, '--format', 'json',
  ])).out) as { ng: object, findings: { message: string }[] }
  assert.deepEqual((await imported('26.0')).ng, { 'transport-protocol': 'RTP/AVP', replace: ['username'] })
  assert.match((await imported('12.5,26.0')).findings.map(({ message }) => message).join('\n'), /lists in brackets from 13 on; 12\.5 ends this one at the first space/)
})

test('says what is wrong with what is to be imported', async (t) => {
  const directory = await policyDirectory(t, { 'a.cfg': '#!KAMAILIO\nrequest_route {\n}\n', 'b.txt': 'hello\n' })
  const cases: [string[], RegExp][] = [
    [[''], /^ngpilot: the flags string is empty, and asks rtpengine for nothing; give it as it stands in the script: ngpilot policy import "RTP/],
    [['ICE=remove', 'RTP/AVP'], /import takes one flags string, found 2 words; put the string in quotes: ngpilot policy import "ICE=remove RTP\/AVP"\n$/],
    [[directory], /is a directory; import takes a flags string, or a file such as kamailio\.cfg\n$/],
    [['/etc/no/kamailio.cfg'], /^ngpilot: there is no file "\/etc\/no\/kamailio\.cfg"\n$/],
    [[join(directory, 'a.cfg')], /a\.cfg calls none of rtpengine_offer\(\), rtpengine_answer\(\) and rtpengine_manage\(\)\. import takes kamailio\.cfg, or one flags string in quotes\n$/],
    [[join(directory, 'b.txt')], /b\.txt is no configuration of Kamailio\. import takes/],
    [[join(directory, 'a.cfg'), '--for', 'offer'], /--for is for one string; in .*a\.cfg the script says it\n$/],
  ]
  for (const [args, message] of cases) {
    const { out, errors, code } = await runPolicy(['import', ...args])
    assert.match(errors, message)
    assert.deepEqual([out, code], ['', 2])
  }
})

test('tells of a call that was copied from a script what became of each word', async () => {
  const { out } = await runPolicy(['import', 'rtpengine_manage("RTP/AVP ICE=remove rtcp-mux-demux");'])
  assert.match(out, /^Its tokens:\n {2}RTP\/AVP +extends: sip\n {2}ICE=remove +extends: sip\n/m)
})
