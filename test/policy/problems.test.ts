import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { parseDocument } from 'yaml'
import { isOfFormat } from '../../src/policy/formats.ts'
import { checkPolicy } from '../../src/policy/load.ts'
import { PolicyFile } from '../../src/policy/schema.ts'
import { policyDirectory, problemsOf } from './directory.ts'

/** Each check: what it is about, a file that breaks it, and all that is said about the file. `version: 1` is line 1. */
const broken: [about: string, text: string, ...problems: string[]][] = [
  // The shape of a file.
  ['an unknown key', 'profils: {}', '2:1: profils: unknown key; did you mean "profiles"?'],
  ['an unknown key that is near none', 'flows: []', '2:1: flows: unknown key; known: version, profiles, endpoints, rules, conformance, sets'],
  ['profiles that are nothing', 'profiles:', '2:10: profiles: must be a map, found nothing'],
  ['endpoints that are a map', 'endpoints: {}', '2:12: endpoints: must be a list, found a map'],
  ['a profile that is nothing', 'profiles:\n  phone:', '3:9: profiles.phone: must be a map, found nothing'],
  ['a profile without a base', 'profiles: { a: { ptime: 20 } }',
    '2:16: profiles.a: lacks "extends": the preset or profile that it builds on'],
  ['an unknown key of a profile', 'profiles: { a: { extends: sip, codec: [PCMU] } }',
    '2:32: profiles.a.codec: unknown key; did you mean "codecs"?'],
  ['codecs that are a string', 'profiles: { a: { extends: sip, codecs: PCMU } }',
    '2:40: profiles.a.codecs: must be a list: write [PCMU]'],
  ['an empty list', 'profiles: { a: { extends: sip, codecs: [] } }',
    '2:40: profiles.a.codecs: the list is empty; leave the key out instead'],
  ['a codec that is a number', 'profiles: { a: { extends: sip, codecs: [722] } }',
    '2:41: profiles.a.codecs[0]: must be a string, found 722: put it in quotes'],
  ['an unknown kind of media', 'profiles: { a: { extends: sip, media: [audio, vidio] } }',
    '2:47: profiles.a.media[1]: "vidio" is unknown; did you mean "video"?'],
  ['media said twice', 'profiles: { a: { extends: sip, media: [audio, audio] } }', '2:39: profiles.a.media: has "audio" twice'],
  ['a ptime out of range', 'profiles: { a: { extends: sip, ptime: 201 } }',
    '2:39: profiles.a.ptime: must be a whole number from 1 to 200, found 201'],
  ['a ptime of nothing', 'profiles: { a: { extends: sip, ptime: 0 } }',
    '2:39: profiles.a.ptime: must be a whole number from 1 to 200, found 0'],
  ['a ptime that is a string', 'profiles: { a: { extends: sip, ptime: 20ms } }',
    '2:39: profiles.a.ptime: must be a whole number from 1 to 200, found "20ms"'],
  ['an action that is none', 'conformance: { SIP-07: mend }', '2:24: conformance.SIP-07: "mend" is unknown; known: observe, repair, reject'],
  ['a rule that there is not', 'profiles: { a: { extends: sip, conformance: { SIP-70: observe } } }',
    '2:47: profiles.a.conformance.SIP-70: there is no rule "SIP-70"; did you mean "SIP-07"?'],
  ['a repair that no rule has', 'conformance: { WEB-12: repair }',
    '2:24: conformance.WEB-12: WEB-12 cannot be repaired in the SDP; observe or reject it. What mends it: Take a fixed DTLS role out of ng for offers to browsers.'],
  ['an endpoint without a profile', 'endpoints: [{ match: { transport: udp } }]',
    '2:13: endpoints[0]: lacks "profile": the name of a preset or profile'],
  ['an unknown condition', 'endpoints: [{ profile: sip, match: { adress: 192.0.2.1 } }]',
    '2:38: endpoints[0].match.adress: unknown key; did you mean "address"?'],
  ['a match without a condition', 'endpoints: [{ profile: sip, match: {} }]',
    '2:36: endpoints[0].match: the map is empty; leave the key out instead'],
  ['an unknown transport', 'endpoints: [{ profile: sip, match: { transport: wws } }]',
    '2:49: endpoints[0].match.transport: "wws" is unknown; did you mean "ws"?'],
  ['an unknown transport in a list', 'endpoints: [{ profile: sip, match: { transport: [udp, sctpp] } }]',
    '2:55: endpoints[0].match.transport[1]: "sctpp" is unknown; did you mean "sctp"?'],
  ['a transport that is no word', 'endpoints: [{ profile: sip, match: { transport: 5 } }]',
    '2:49: endpoints[0].match.transport: 5 is unknown; known: udp, tcp, tls, sctp, ws, wss'],
  ['a method that is none', 'rules: [{ name: a, match: { method: INVIT } }]', '2:37: rules[0].match.method: "INVIT" is unknown; did you mean "INVITE"?'],
  ['a method in lower case', 'rules: [{ name: a, match: { method: [UPDATE, invite] } }]', '2:46: rules[0].match.method[1]: "invite" is unknown; did you mean "INVITE"?'],
  ['a prefix too long', 'endpoints: [{ profile: sip, match: { address: 192.0.2.0/33 } }]',
    '2:47: endpoints[0].match.address: "192.0.2.0/33" is neither an address nor a block such as 198.51.100.0/24 or 2001:db8::/32'],
  ['a host name', 'endpoints: [{ profile: sip, match: { address: ["::1", sip.example.com] } }]',
    '2:55: endpoints[0].match.address[1]: "sip.example.com" is neither an address nor a block such as 198.51.100.0/24 or 2001:db8::/32'],
  ['a var that is a number', 'endpoints: [{ profile: sip, match: { vars: { trunk: 0900 } } }]',
    '2:53: endpoints[0].match.vars.trunk: must be a string, found 900: put it in quotes'],
  // Names.
  ['an unknown base', 'profiles: { a: { extends: webrct } }',
    '2:27: profiles.a.extends: there is no preset or profile "webrct"; did you mean "webrtc"?'],
  ['a profile with a preset\'s name', 'profiles: { sip: { extends: webrtc } }',
    '2:13: profiles.sip: is a preset; give the profile another name and extend the preset'],
  ['a name with a space', 'profiles: { my phone: { extends: sip } }',
    '2:13: profiles.my phone: a profile\'s name is made of letters, digits, ".", "_" and "-"'],
  ['a profile that extends itself', 'profiles: { a: { extends: a } }', '2:27: profiles.a.extends: goes in a circle: a → a'],
  ['profiles that extend each other', 'profiles: { a: { extends: b }, b: { extends: a } }',
    '2:27: profiles.a.extends: goes in a circle: a → b → a', '2:46: profiles.b.extends: goes in a circle: b → a → b'],
  ['an unknown profile', 'profiles: { browser: { extends: webrtc } }\nendpoints: [{ profile: browsers }]',
    '3:24: endpoints[0].profile: there is no preset or profile "browsers"; did you mean "browser"?'],
  // Matches.
  ['an empty condition', 'rules: [{ name: a, match: { from: {} } }]', '2:35: rules[0].match.from: the map is empty; leave the key out instead'],
  ['a condition that is a number', 'rules: [{ name: a, match: { from: { user: 900 } } }]',
    '2:43: rules[0].match.from.user: must be a string, found 900: put it in quotes'],
  ['an unknown way to match a text', 'rules: [{ name: a, match: { user-agent: { begins: Asterisk } } }]',
    '2:43: rules[0].match.user-agent.begins: unknown key; known: prefix, suffix, contains, regex, present'],
  ['a pattern that is none', 'rules: [{ name: a, match: { to: { user: { regex: "a(b" } } } }]',
    '2:50: rules[0].match.to.user.regex: not a pattern of RE2: error parsing regexp: missing closing ): `a(b`'],
  ['a pattern whose cost has no bound', 'rules: [{ name: a, match: { to: { user: { regex: [x, "(?=a)b"] } } } }]',
    '2:54: rules[0].match.to.user.regex[1]: not a pattern of RE2: error parsing regexp: invalid or unsupported Perl syntax: `(?=`; look-around and back-references are not there, as their cost has no bound'],
  ['a percentage of nothing', 'rules: [{ name: a, match: { percent: 0 } }]', '2:38: rules[0].match.percent: must be a number above 0, to 100, found 0'],
  ['a flag that is a word', 'rules: [{ name: a, match: { sdp: { ice: "on" } } }]', '2:41: rules[0].match.sdp.ice: must be true or false, found "on"'],
  ['a codec that nobody has', 'rules: [{ name: a, match: { sdp: { codecs: [opsu] } } }]',
    '2:45: rules[0].match.sdp.codecs[0]: no codec is called "opsu"; did you mean "opus"?'],
  ['an unknown time zone', 'rules: [{ name: a, match: { time: { zone: Europe/Berln } } }]',
    '2:43: rules[0].match.time.zone: "Europe/Berln" is no time zone such as Europe/Berlin or UTC'],
  ['a day that is none', 'rules: [{ name: a, match: { time: { days: [mon-fry] } } }]',
    '2:44: rules[0].match.time.days[0]: "mon-fry" is no day (mon, tue, wed, thu, fri, sat, sun) and no range such as mon-fri'],
  ['a time that is none', 'rules: [{ name: a, match: { time: { from: "8" } } }]', '2:43: rules[0].match.time.from: "8" is no time of day such as "08:30"'],
  ['a date that is none', 'rules: [{ name: a, match: { time: { since: 2026-13-01 } } }]',
    '2:44: rules[0].match.time.since: "2026-13-01" is neither a date such as 2026-12-24 nor a time such as 2026-12-24T18:00'],
  ['an unknown party', 'rules: [{ name: a, match: { callee: [sip, webrct] } }]',
    '2:43: rules[0].match.callee[1]: there is no preset or profile "webrct"; did you mean "webrtc"?'],
  ['an unknown profile of a party', 'profiles: { phone: { extends: sip } }\nrules: [{ name: a, match: { callee: { profile: phne } } }]',
    '3:48: rules[0].match.callee.profile: there is no preset or profile "phne"; did you mean "phone"?'],
  // Expressions.
  ['an expression that is none', 'rules: [{ name: a, match: { when: "vars.a ==" } }]', '2:45: rules[0].match.when: not CEL: Unexpected token: EOF'],
  ['a fact that there is not', 'rules: [{ name: a, match: { when: sip.form.user == "x" } }]', '2:39: rules[0].match.when: not CEL: No such key: form'],
  ['a fact of another type', 'rules: [{ name: a, match: { when: \'sdp.hasIce && sdp.ptime == "20"\' } }]',
    '2:50: rules[0].match.when: not CEL: no such overload: int == string'],
  ['a fact in an expression over lines', 'rules:\n  - name: a\n    match:\n      when: |\n        sdp.hasIce &&\n          sdp.hasDlts',
    '7:15: rules[0].match.when: not CEL: No such key: hasDlts'],
  ['an expression that is neither true nor false', 'rules: [{ name: a, match: { when: vars.trunk } }]',
    '2:35: rules[0].match.when: must be true or false, but is of type string'],
  ['a variable of a rule in an endpoint', 'endpoints: [{ profile: sip, match: { when: callee.port == 5060 } }]',
    '2:44: endpoints[0].match.when: not CEL: Unknown variable: callee'],
  ['a pattern in an expression whose cost has no bound', 'rules: [{ name: a, match: { when: sip.userAgent.matches("x") } }]',
    '2:35: rules[0].match.when: its cost has no bound; write regex(text, "pattern"), with a pattern of RE2'],
  ['a loop in a loop', 'rules: [{ name: a, match: { when: "sdp.codecs.all(a, sdp.codecs.exists(b, a == b))" } }]',
    '2:54: rules[0].match.when: exists() within another loop has no bound that would do'],
  ['a hint whose name is worked out', 'rules: [{ name: a, match: { when: "vars[sip.method] != callId" } }]',
    '2:35: rules[0].match.when: write the name out: vars["name"]'],
  ['a question whether a fact is there', 'rules: [{ name: a, match: { when: has(vars.trunk) } }]',
    '2:35: rules[0].match.when: nothing is absent here: a fact that is not there is "", 0, false or an empty list'],
  // Rules and settings.
  ['a rule without a name', 'rules: [{ set: { nodes: default } }]', '2:9: rules[0]: lacks "name"'],
  ['a set of nodes that no file lists', 'sets: [recorders]\nrules: [{ name: a, set: { nodes: recoders } }]',
    '3:34: rules[0].set.nodes: there is no set of nodes "recoders"; did you mean "recorders"?; a set is listed under `sets`'],
  ['a rejection whose reason would be a header of its own', 'rules: [{ name: a, reject: { code: 603, reason: "No\\r\\nX-Evil: 1" } }]',
    '2:49: rules[0].reject.reason: "No\\r\\nX-Evil: 1" has a line end or another control character in it; a reason phrase is one line'],
  ['a rejection that is no failure', 'rules: [{ name: a, reject: { code: 200, reason: OK } }]',
    '2:36: rules[0].reject.code: must be a whole number from 400 to 699, found 200'],
  ['a condition of a leg that stands in a rule\'s match', 'rules: [{ name: a, match: { transport: ws } }]',
    '2:29: rules[0].match.transport: unknown key; it is said of a leg: write caller: { transport: … }, or the same of callee, sender, receiver'],
  ['a setting of a leg that stands in a rule\'s set', 'rules: [{ name: a, set: { ice: none } }]',
    '2:27: rules[0].set.ice: unknown key; it is said of a leg: write caller: { ice: … }, or the same of callee'],
  ['a rule whose name is empty', 'rules: [{ name: "" }]', '2:17: rules[0].name: the text is empty; leave the key out instead'],
  ['a rule whose name is a story', `rules: [{ name: ${'x'.repeat(65)} }]`, '2:17: rules[0].name: has more than 64 characters'],
  ['a flags string that Kamailio refuses', 'rules: [{ name: a, offer-flags: "ICE=remove via-branch=foo" }]',
    '2:45: rules[0].offer-flags: "via-branch=foo": Kamailio refuses the string: via-branch must be 1, 2 or one of auto, extra, next, auto-next, next-auto, auto-extra, extra-auto'],
  ['a browser without ICE, by its word', 'profiles: { a: { extends: browser-webrtc, ice: none } }',
    '2:48: profiles.a.ice: a WebRTC endpoint cannot do without ICE; extend sip or sip-sdes'],
  ['an unknown suite in a profile', 'profiles: { a: { extends: sip-sdes, sdes: { suites: [AES_128_CM_HMAC_SHA1_80] } } }',
    '2:54: profiles.a.sdes.suites[0]: "AES_128_CM_HMAC_SHA1_80" is unknown; did you mean "AES_CM_128_HMAC_SHA1_80"?'],
  ['a media address that is a name', 'profiles: { a: { extends: sip, media-address: media.example.com } }',
    '2:47: profiles.a.media-address: "media.example.com" is no IPv4 or IPv6 address'],
  ['a codec of a rule', 'rules: [{ name: a, set: { callee: { codecs: [G279] } } }]',
    '2:46: rules[0].set.callee.codecs[0]: rtpengine knows no codec "G279"; did you mean "G729"?'],
  // Codecs.
  ['an unknown codec', 'profiles: { a: { extends: sip, codecs: [PCMU, opsu] } }',
    '2:47: profiles.a.codecs[1]: rtpengine knows no codec "opsu"; did you mean "opus"?'],
  ['a codec in two spellings', 'profiles: { a: { extends: sip, codecs: [PCMU, pcmu] } }',
    '2:47: profiles.a.codecs[1]: "pcmu" is PCMU, which stands here already'],
  ['codecs without speech', 'profiles: { a: { extends: sip, codecs: [telephone-event] } }', '2:40: profiles.a.codecs: has no codec for speech'],
  // NG keys.
  ['an unknown NG key', 'profiles: { a: { extends: sip, ng: { "record call": yes } } }',
    '2:38: profiles.a.ng.record call: unknown NG key; did you mean "record-call"?'],
  ['an unknown word', 'profiles: { a: { extends: sip, ng: { ICE: removed } } }',
    '2:43: profiles.a.ng.ICE: unknown word "removed"; did you mean "remove"?'],
  ['a word that is near none', 'profiles: { a: { extends: sip, ng: { ICE: always } } }',
    '2:43: profiles.a.ng.ICE: unknown word "always"; must be one of remove, force, default, optional, force-relay'],
  ['a word that YAML reads as something else', 'profiles: { a: { extends: sip, ng: { record-call: true } } }',
    '2:51: profiles.a.ng.record-call: must be one of yes, no, on, off, found true'],
  ['an unknown protocol', 'profiles: { a: { extends: sip, ng: { transport-protocol: RTP/AVFP } } }',
    '2:58: profiles.a.ng.transport-protocol: unknown word "RTP/AVFP"; did you mean "RTP/AVPF"?'],
  ['an unknown flag', 'profiles: { a: { extends: sip, ng: { flags: [strip-extmaps] } } }',
    '2:46: profiles.a.ng.flags[0]: unknown word "strip-extmaps"; did you mean "strip-extmap"?'],
  ['a list given as a string', 'profiles: { a: { extends: sip-sdes, ng: { SDES: pad } } }',
    '2:49: profiles.a.ng.SDES: must be a list: write [pad]; rtpengine 10.5 ignores a plain string here'],
  ['an unknown suite', 'profiles: { a: { extends: sip-sdes, ng: { SDES: [no-AES_128_CM_HMAC_SHA1_32] } } }',
    '2:50: profiles.a.ng.SDES[0]: unknown word "no-AES_128_CM_HMAC_SHA1_32"; did you mean "no-AES_CM_128_HMAC_SHA1_32"?'],
  ['a flag that a list key says', 'profiles: { a: { extends: sip, ng: { flags: [SDES-off] } } }',
    '2:46: profiles.a.ng.flags[0]: "SDES-off" is written as a key: SDES: [off]'],
  ['a flag that a string key says', 'profiles: { a: { extends: sip, ng: { flags: [ICE=remove] } } }',
    '2:46: profiles.a.ng.flags[0]: "ICE=remove" is written as a key: ICE: remove'],
  ['a flag that the codec key says', 'profiles: { a: { extends: sip, ng: { flags: [transcode-PCMA, codec-strip-red] } } }',
    '2:46: profiles.a.ng.flags[0]: "transcode-PCMA" is written as a key: codec: {transcode: [PCMA]}',
    '2:62: profiles.a.ng.flags[1]: "codec-strip-red" is written as a key: codec: {strip: [red]}'],
  ['an unknown operation on codecs', 'profiles: { a: { extends: sip, ng: { codec: { stripp: [red] } } } }',
    '2:47: profiles.a.ng.codec.stripp: unknown NG key; did you mean "strip"?'],
  ['a number that is a string', 'profiles: { a: { extends: sip, ng: { TOS: "184" } } }',
    '2:43: profiles.a.ng.TOS: must be a whole number from -1 to 255, found "184"'],
  ['a key that a request brings', 'profiles: { a: { extends: sip, ng: { call-id: x } } }',
    '2:38: profiles.a.ng.call-id: ngpilot sets this key itself, from the request'],
  ['flags that nothing checks', 'profiles: { a: { extends: sip, ng: { rtpp-flags: "ICE=remove" } } }',
    '2:38: profiles.a.ng.rtpp-flags: nothing would check the words in it; write the keys that they stand for'],
  ['a browser without ICE, DTLS and their protocol', 'profiles: { a: { extends: webrtc, ng: { ICE: remove, DTLS: off, transport-protocol: RTP/AVP } } }',
    '2:46: profiles.a.ng.ICE: a WebRTC endpoint cannot do without ICE; extend sip or sip-sdes',
    '2:60: profiles.a.ng.DTLS: a WebRTC endpoint cannot do without DTLS; extend sip or sip-sdes',
    '2:85: profiles.a.ng.transport-protocol: a WebRTC endpoint takes UDP/TLS/RTP/SAVPF only; extend sip or sip-sdes'],
  // YAML.
  ['a key said twice', 'profiles:\n  a: { extends: sip }\n  a: { extends: webrtc }', '4:3: this key stands here twice'],
  ['a bracket that stays open', 'profiles: [',
    '3:1: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ['a key that is no string', 'profiles: { 100: { extends: sip } }', '2:13: a key must be a string, found 100: put it in quotes'],
  ['a key that is a list', 'profiles: { [a]: { extends: sip } }', '2:13: a key must be a string, found a map or a list'],
  ['a second document', '---\nversion: 1', '2:1: a second document begins here; a file holds one'],
  ['an alias of nothing', 'profiles: *none', '2:11: there is no anchor "&none" before this alias'],
  ['an alias of what it stands in', 'endpoints: &all [*all]', '2:18: this alias repeats what it stands in'],
]

for (const [about, text, ...problems] of broken) {
  test(`refuses ${about}`, async (t) => {
    assert.deepEqual(await problemsOf(t, { 'a.yaml': `version: 1\n${text}\n` }), problems.map((problem) => `a.yaml:${problem}`))
  })
}

test('refuses a file of another version, without one, or without anything', async (t) => {
  assert.deepEqual(await problemsOf(t, { 'a.yaml': 'version: "1"', 'b.yaml': 'profiles: {}', 'c.yaml': '# nothing\n', 'd.yaml': '[]' }), [
    'a.yaml:1:10: version: must be 1, found "1"',
    'b.yaml:1:1: lacks "version": write "version: 1"',
    'c.yaml:1:1: the file is empty; it begins with "version: 1"',
    'd.yaml:1:1: must be a map, found a list',
  ])
})

test('refuses aliases that multiply', async (t) => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x]', ...['b', 'c', 'd', 'e', 'f'].map((name, index) => {
    const before = '*' + 'abcde'.charAt(index)
    return `${name}: &${name} [${Array(8).fill(before).join(', ')}]`
  })]
  assert.deepEqual(await problemsOf(t, { 'a.yaml': lines.join('\n') }), [
    'a.yaml:6:12: up to here, aliases repeat more than 100000 values',
  ])
})

test('refuses nesting that no stack holds with at most ten lines', async (t) => {
  const problems = await problemsOf(t, { 'a.yaml': '['.repeat(20_000) })
  assert.ok(problems.length <= 10)
  assert.match(problems[0] ?? '', /^a\.yaml:1:\d+: not YAML: /)
})

test('refuses a profile that two files define, and names both places', async (t) => {
  const files = { 'a.yaml': 'version: 1\nprofiles:\n  phone: { extends: sip }', 'b.yaml': 'version: 1\nprofiles: { phone: { extends: webrtc } }' }
  assert.deepEqual(await problemsOf(t, files), ['b.yaml:2:13: profiles.phone: is defined twice, first at a.yaml:3:3'])
})

test('reports the problems of every file, and none that a broken file alone may have caused', async (t) => {
  const files = { 'a.yaml': 'version: 1\nprofiles: {', 'b.yaml': 'version: 1\nendpoints: [{ profile: of-a, match: { transport: upd } }]' }
  assert.deepEqual(await problemsOf(t, files), [
    'a.yaml:2:12: not YAML: Flow map in block collection must be sufficiently indented and end with a }',
    'b.yaml:2:50: endpoints[0].match.transport: "upd" is unknown; did you mean "udp"?',
  ])
})

test('places a problem of an aliased list where the list stands', async (t) => {
  const text = 'version: 1\nprofiles:\n  a: { extends: sip, codecs: &list [PCMU, foo] }\n  b: { extends: sip, codecs: *list }'
  const problems = await problemsOf(t, { 'a.yaml': text })
  assert.deepEqual(problems.map((problem) => problem.split(': ').slice(0, 2).join(': ')), ['a.yaml:3:43: profiles.a.codecs[1]', 'a.yaml:3:43: profiles.b.codecs[1]'])
})

test('refuses a directory without a policy, and a file that cannot be read', async (t) => {
  assert.deepEqual(await problemsOf(t, { 'readme.md': '' }), ['.: holds no *.yaml or *.yml file'])
  const directory = await policyDirectory(t, {})
  await mkdir(join(directory, 'a.yaml'))
  const { problems } = await checkPolicy(directory)
  assert.deepEqual(problems, [{ file: join(directory, 'a.yaml'), line: 0, column: 0, message: 'cannot be read: EISDIR: illegal operation on a directory, read' }])
})

test('refuses two rules of one name, also in two files, and names both places', async (t) => {
  const files = { 'a.yaml': 'version: 1\nrules:\n  - name: one', 'b.yaml': 'version: 1\nrules: [{ name: one }]' }
  assert.deepEqual(await problemsOf(t, files), ['b.yaml:2:17: rules[0].name: there is a rule of this name at a.yaml:3:11'])
})

/** What the schema asks for, as `keyword` or, for a format and a type, `keyword: which`. */
function asked (schema: unknown, found = new Set<string>()): Set<string> {
  if (typeof schema !== 'object' || schema === null) return found
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'properties' || keyword === 'patternProperties') for (const inner of Object.values(value as object)) asked(inner, found)
    else if (typeof value === 'object' && keyword !== 'enum' && keyword !== 'required') asked(value, found)
    const name = keyword === 'format' || keyword === 'type' ? `${keyword}: ${String(value)}` : keyword
    if (typeof value !== 'object' || keyword === 'enum' || keyword === 'required') found.add(name)
  }
  return found
}

test('each thing that the schema asks for has a broken file here', () => {
  const isPolicy = new Ajv({ allErrors: true, formats: isOfFormat }).compile(PolicyFile)
  const broke = new Set<string>()
  for (const text of [...broken.map(([, lines]) => `version: 1\n${lines}`), 'version: "1"', 'profiles: {}', '[]']) {
    const document = parseDocument(text)
    // What is not even YAML, or has aliases, is not the schema's.
    if (document.errors.length + document.warnings.length > 0 || /\*\w|\{ \[/.test(text) || isPolicy(document.toJS())) continue
    for (const { keyword, params } of isPolicy.errors ?? []) {
      broke.add(keyword === 'format' || keyword === 'type' ? `${keyword}: ${String(params[keyword])}` : keyword)
    }
  }
  const words = ['description', 'title', 'default', '$id', '$schema', 'maxProperties', '~kind', '~optional']
  const unbroken = [...asked(PolicyFile)].filter((name) => !broke.has(name) && !words.includes(name))
  assert.deepEqual(unbroken, [])
})
