import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { includesOf, isKamailioScript, readScripts, textsIn } from '../../src/policy/kamailio-script.ts'

const readScript = (text: string) => readScripts([{ file: 'a', text }])

const script = `#!KAMAILIO
#!define BRIDGE "RTP/AVP ICE=remove"
include_file "more.cfg"
loadmodule "rtpengine.so" # rtpengine_manage("in a comment")
/* rtpengine_offer("in another") */
request_route {
  xlog("rtpengine_answer(\\"in a text\\")\\n"); // rtpengine_answer("and here")
  route(MEDIA);
}
route[MEDIA] {
#!ifdef WITH_WS
  if ($proto == "ws" || $ua =~ "(Jssip)") {
    rtpengine_manage("RTP/AVP " 'SDES-off');
  } else if (nat_uac_test("8")) {
    $var(flags) = "ICE=force";
  } else {
    rtpengine_offer(
      BRIDGE);
  }
#!endif
  if (is_reply()) rtpengine_answer("$var(flags)"); else rtpengine_answer($avp(never));
  if (!rtpengine_offer("replace=[origin username]", "none")) exit;
  $var(flags) = $var(flags) + " x";
  rtpengine_manage();
  rtpengine_manage("a " + $var(flags));
}
`

test('finds each flags string of a script, where it stands and what stands around it', () => {
  const { flags, unread } = readScript(script)
  assert.deepEqual(flags.map(({ name, calledAt, line, column, text, within }) => [name, calledAt, line, column, text, within.join(' › ')]), [
    ['rtpengine_manage', 13, 13, 22, 'RTP/AVP SDES-off', 'route[MEDIA] › if ($proto == "ws" || $ua =~ "(Jssip)")'],
    ['rtpengine_offer', 17, 2, 17, 'RTP/AVP ICE=remove', 'route[MEDIA] › else of else if (nat_uac_test("8"))'],
    ['rtpengine_answer', 21, 15, 19, 'ICE=force', 'route[MEDIA] › if (is_reply())'],
    ['rtpengine_answer', 21, 23, 17, 'ICE=force x', 'route[MEDIA] › if (is_reply())'],
    ['rtpengine_offer', 22, 22, 24, 'replace=[origin username]', 'route[MEDIA]'],
    ['rtpengine_manage', 25, 25, 20, 'a ICE=force', 'route[MEDIA]'],
    ['rtpengine_manage', 25, 25, 20, 'a ICE=force x', 'route[MEDIA]'],
  ])
  assert.deepEqual(flags.map(({ isVerbatim }) => isVerbatim), [false, false, false, false, true, false, false])
  assert.deepEqual(unread.map(({ line, why }) => `${line}: ${why}`), [
    '21: the script never sets $avp(never) to a text',
    '24: has no flags: it asks rtpengine for nothing',
  ])
  assert.deepEqual(includesOf(script), ['more.cfg'])
})

test('reads scripts of other hands, and what is none, without an end to its patience', async () => {
  const own = await readFile('kamailio/media-ng.cfg', 'utf8')
  assert.deepEqual(readScript(own).flags.map(({ name, text }) => `${name} ${text}`), [
    ...Array.from({ length: 2 }, () => ['rtpengine_offer via-branch=auto-next $var(hop) ', 'rtpengine_offer via-branch=auto-next $var(hop) call-id=$ci;pass=$var(pass)']).flat(),
    'rtpengine_answer via-branch=auto-next ', 'rtpengine_answer via-branch=auto-next call-id=$ci;pass=$var(pass)',
    'rtpengine_answer ', 'rtpengine_answer call-id=$ci;pass=$var(pass)',
  ])
  assert.ok(isKamailioScript(await readFile('kamailio/kamailio.cfg', 'utf8')) && isKamailioScript(own))
  assert.ok(!isKamailioScript(await readFile('policy/90-ngpilot.yaml', 'utf8')))
  assert.deepEqual(readScript('KSR.rtpengine.rtpengine_manage("RTP/AVP")').flags.map(({ text }) => text), ['RTP/AVP'])
  for (const odd of ['rtpengine_offer(', 'rtpengine_offer("a', '}}}{{{ else rtpengine_offer("a")', '"'.repeat(20_000), '/*'.repeat(20_000), 'if ('.repeat(20_000)]) {
    assert.ok(readScript(odd).flags.length <= 1)
  }
})

const names = `#!define BASE "replace-origin"
#!define TRUNK BASE " RTP/AVP"
#!trydef LONG "ICE=remove " \\
  "rtcp-mux-demux"
#!defenv FLAGS_OF_ENV=MEDIA_FLAGS
#!subst "/PROTO/RTP\\/SAVP/g"
#!substdef "!ADDRESS_FLAG!media-address=192.0.2.7!g"
#!define UNQUOTED RTP/AVP
route[M] {
  $var(side) = "direction=$var(from)";
  $var(all) = BASE + " " + $var(side);
  $var(many) = "loop-protect";
  if ($si == "192.0.2.1") $var(many) = $var(many) + " ICE=force"; else $var(many) = "$var(many) ICE=remove";
  $avp(odd) = $T_req($si);
  $var(a) = $var(b); $var(b) = $var(a);
  rtpengine_offer(%);
}
`
for (const [given, texts, why] of [
  ['TRUNK', ['replace-origin RTP/AVP']],
  ['LONG', ['ICE=remove rtcp-mux-demux']],
  ['"$def(BASE) trust-address"', ['replace-origin trust-address']],
  ['"PROTO SDES-off ADDRESS_FLAG"', ['RTP/SAVP SDES-off media-address=192.0.2.7']],
  ['"$var(all)"', ['replace-origin direction=$var(from)']],
  ['$(var(all))', ['replace-origin direction=$var(from)']],
  ['$(var(all){s.trim})', [], 'the script never sets $(var(all){s.trim}) to a text'],
  ['"$var(many)"', ['loop-protect', 'loop-protect ICE=force', 'loop-protect ICE=remove'], 'the script adds to $var(many) in 2 places: each of them stands here as if the others were not'],
  ['"ICE=remove " + $avp(odd)', ['ICE=remove $avp(odd)']],
  ['"$avp(odd)"', [], 'the script sets $avp(odd) to something else than a text'],
  ['"$var(a)"', [], '$var(a) is set to what it is itself a part of'],
  ['FLAGS_OF_ENV', [], 'FLAGS_OF_ENV comes from the environment, by the name MEDIA_FLAGS'],
  ['UNQUOTED', [], 'the script sets UNQUOTED to something else than a text'],
  ['$x(a) + f("b")', [], 'its flags are put together: $x(a) + f("b")'],
] as const) {
  test(`knows what ${given} stands for`, () => {
    const { flags, unread } = readScript(names.replace('%', () => given))
    assert.deepEqual(flags.map(({ text }) => text), texts)
    assert.deepEqual(unread.map((one) => one.why), why === undefined ? [] : [why])
  })
}

test('what one file defines holds in those that include it, and the string is where it stands', () => {
  const { flags } = readScripts([{ file: 'kamailio.cfg', text: 'route {\n rtpengine_offer(BRIDGE);\n}\n' }, { file: 'local.cfg', text: '#!define BRIDGE "RTP/AVP"\n' }])
  assert.deepEqual(flags.map(({ file, line, column, calledIn, calledAt, text }) => [file, line, column, calledIn, calledAt, text]), [['local.cfg', 1, 17, 'kamailio.cfg', 2, 'RTP/AVP']])
})

test('a piece of a script that was copied says its text', () => {
  for (const [piece, ...texts] of [
    ['#!define FLAGS "RTP/AVP ICE=remove"', 'RTP/AVP ICE=remove'], ['$var(x) = "RTP/AVP" + " a";', 'RTP/AVP a'], ['"RTP/AVP"', 'RTP/AVP'],
    ['#!substdef "!FLAGS!RTP/AVP!g"', 'RTP/AVP'], ['#!define FLAGS 5'],
  ] as const) assert.deepEqual(textsIn(piece), texts)
})
