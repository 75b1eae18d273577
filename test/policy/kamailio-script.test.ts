import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { isKamailioScript, readScript } from '../../src/policy/kamailio-script.ts'

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
  const { flags, unread, includes } = readScript(script)
  assert.deepEqual(flags.map(({ name, calledAt, line, column, text, within }) => [name, calledAt, line, column, text, within.join(' › ')]), [
    ['rtpengine_manage', 13, 13, 22, 'RTP/AVP SDES-off', 'route[MEDIA] › if ($proto == "ws" || $ua =~ "(Jssip)")'],
    ['rtpengine_offer', 17, 2, 17, 'RTP/AVP ICE=remove', 'route[MEDIA] › else of else if (nat_uac_test("8"))'],
    ['rtpengine_answer', 21, 15, 19, 'ICE=force', 'route[MEDIA] › if (is_reply())'],
    ['rtpengine_offer', 22, 22, 24, 'replace=[origin username]', 'route[MEDIA]'],
  ])
  assert.deepEqual(flags.map(({ isVerbatim }) => isVerbatim), [false, false, false, true])
  assert.deepEqual(unread.map(({ line, why }) => `${line}: ${why}`), [
    '21: the script sets $var(flags) to something else than a text',
    '21: the script never sets $avp(never) to a text',
    '24: has no flags: it asks rtpengine for nothing',
    '25: its flags are put together: "a " + $var(flags)',
  ])
  assert.deepEqual(includes, ['more.cfg'])
})

test('reads scripts of other hands, and what is none, without an end to its patience', async () => {
  const own = await readFile('kamailio/media-ng.cfg', 'utf8')
  assert.deepEqual(readScript(own).flags.map(({ name, text }) => `${name} ${text}`), [
    'rtpengine_offer via-branch=auto-next $var(hop) $var(call)', 'rtpengine_offer via-branch=auto-next $var(hop) $var(call)',
    'rtpengine_answer via-branch=auto-next $var(call)', 'rtpengine_answer ',
  ])
  assert.ok(isKamailioScript(await readFile('kamailio/kamailio.cfg', 'utf8')) && isKamailioScript(own))
  assert.ok(!isKamailioScript(await readFile('policy/90-ngpilot.yaml', 'utf8')))
  assert.deepEqual(readScript('KSR.rtpengine.rtpengine_manage("RTP/AVP")').flags.map(({ text }) => text), ['RTP/AVP'])
  for (const odd of ['rtpengine_offer(', 'rtpengine_offer("a', '}}}{{{ else rtpengine_offer("a")', '"'.repeat(20_000), '/*'.repeat(20_000), 'if ('.repeat(20_000)]) {
    assert.ok(readScript(odd).flags.length <= 1)
  }
})
