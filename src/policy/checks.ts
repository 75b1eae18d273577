export type Severity = 'error' | 'warning'

/**
 * What `ngpilot policy check` and `import` look for beyond the shape of the files, by stable codes. An error means that
 * calls fail or stay silent; a warning that some peers or nodes make trouble.
 */
export const checks = {
  'NG-01': { severity: 'error', title: 'A list is written as a string: rtpengine before 12.5 ignores it.' },
  'NG-02': { severity: 'error', title: 'A key or word that the fleet\'s rtpengines do not know: they ignore it.' },
  'NG-03': { severity: 'error', title: 'The answer to a browser loses ICE or its protocol: the browser refuses it.' },
  'NG-04': { severity: 'error', title: 'Nothing sets the protocol of the m-line: it keeps that of the sender, without its keys.' },
  'NG-05': { severity: 'error', title: 'A codec to transcode to that the nodes cannot encode: they drop it.' },
  'NG-06': { severity: 'warning', title: 'Masking opus and transcoding to PCMU changes nothing for a browser, which offers PCMU itself.' },
  'NG-07': { severity: 'warning', title: 'A browser is offered SDES keys as well, which it refuses or ignores.' },
  'NG-08': { severity: 'error', title: 'A browser\'s offer goes to a SIP peer without rtcp-mux demux: the answer comes back without rtcp-mux.' },
  'NG-10': { severity: 'warning', title: 'Codecs are changed in one rule of an offer only: the next re-INVITE changes them back.' },
  'NG-11': { severity: 'warning', title: 'SRTP is offered with both kinds of keys, SDES and DTLS: many peers answer 488.' },
  'NG-12': { severity: 'warning', title: 'SDES offers suites without encryption (NULL) among twelve.' },
  'NG-13': { severity: 'error', title: 'Two keys or words contradict each other.' },
  'NG-14': { severity: 'error', title: 'An offer to a browser lacks ICE or DTLS.' },
  'NG-15': { severity: 'warning', title: 'A token of a flags string that its reader takes otherwise than it looks.' },
  'PO-01': { severity: 'error', title: 'An endpoint never matches: those before it take all that it would.' },
  'PO-02': { severity: 'warning', title: 'A rule never applies.' },
  'PO-03': { severity: 'warning', title: 'A profile that no endpoint names and none extends.' },
  'PO-04': { severity: 'warning', title: 'Codecs that rtpengine can pass on but not encode, and none beside them.' },
  'PO-05': { severity: 'error', title: 'A rule names a set of nodes that no rtpengine is in: its calls are refused.' },
} as const satisfies Record<string, { severity: Severity, title: string }>

export type CheckCode = keyof typeof checks
