/**
 * Every key of an NG message that any release of rtpengine reads, in lower case and with hyphens. Whatever else a client
 * sends beside them, rtpengine ignores. From its `daemon/call_flags.c` and `call_interfaces.c`, 10.5 to 26.
 */
const keys = new Set((
  'address address-family alias-key all audio-player blob blob64 body bundle call-id calls code codec codecs command cookie '
  + 'db-id delay-buffer delete-delay digit direction drop-traffic dtls dtls-fingerprint dtls-reverse dtmf-delay dtmf-log-dest '
  + 'dtmf-log-destination dtmf-security dtmf-security-trigger dtmf-security-trigger-end duration endpoint-learning extmap '
  + 'file flags frequencies frequency from-interface from-label from-tag from-tags generate-rtcp ice ice-lite inbound-peer '
  + 'instance interface label limit media media-address media-echo medias metadata moh osrtp outbound-peer passthrough '
  + 'passthru pause peer player ptime ptime-reverse received-from record-call repeat-duration repeat-times replace '
  + 'reverse-ptime rtcp-mux rtpp-flags sdes sdp sdp-attr sdp-media-remove set-label sip-code sip-message-type '
  + 'sip-response-code source-call-id source-tag ssrc start-pos supports t.38 t.38-version t38 t38-version tags template '
  + 'to-call-id to-interface to-label to-tag to-tags tos transport-protocol trigger trigger-end trigger-end-digits '
  + 'trigger-end-time via-branch volume xmlrpc-callback'
).split(' '))

/** `output-file`, `recording-directory` and their like. */
const families = ['output-', 'recording-']

/** Whether rtpengine reads this key, in any of its spellings: `call-id`, `call id`, `call-ID`, `delete_delay`. */
export function isNgKey (key: string): boolean {
  if (keys.has(key)) return true
  const plain = key.toLowerCase().replace(/[ _]/g, '-')
  return keys.has(plain) || families.some((family) => plain.startsWith(family))
}
