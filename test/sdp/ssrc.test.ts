import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSdp, sdpBytes } from '../../src/sdp/parse.ts'
import { withoutSsrc } from '../../src/sdp/ssrc.ts'

test('takes a=ssrc and a=ssrc-group out, and nothing else', () => {
  const sdp = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 4000 RTP/AVP 0', 'a=ssrc:1 cname:a',
    'a=ssrc-group:FID 1 2', 'a=sendrecv', ''].join('\r\n')
  assert.equal(sdpBytes(withoutSsrc(parseSdp(Buffer.from(sdp)))).toString(), sdp.replace(/a=ssrc.*\r\n/g, ''))
})
