/** Something that went wrong, in words that say what to do. */
export class Problem extends Error {}

/** Why `getUserMedia` failed (W3C Media Capture, §10.2). */
export function microphoneProblem (error: unknown): Problem {
  const name = error instanceof Error ? error.name : ''
  const words: Record<string, string> = {
    NotAllowedError: 'The browser may not use the microphone. Allow it at the icon beside the address, then press Call again.',
    NotFoundError: 'This machine has no microphone that the browser can see. Plug one in, then press Call again.',
    NotReadableError: 'Another program holds the microphone. Close it, then press Call again.',
  }
  return new Problem(words[name] ?? `The microphone does not start: ${error instanceof Error ? error.message : String(error)}`)
}

/** Why there is no microphone to ask for: browsers give it to secure contexts only. */
export function insecureProblem (): Problem {
  return new Problem(`A browser gives the microphone only to https and to localhost, and this is ${location.origin}. Open http://localhost:${location.port} on the machine that the demo runs on.`)
}

/** What a call that failed came to; `status` is the SIP status where there was one. */
export function callProblem (cause: string, status?: number, reason = ''): Problem {
  const byStatus: Record<number, string> = {
    404: 'Kamailio knows no such phone. The phone is not registered: its log is in the terminal of the demo.',
    408: 'The phone did not answer. Is it still running? The terminal of the demo tells.',
    480: 'The phone is not there now. It registers again by itself; try once more in a minute.',
    486: 'The phone is busy: it takes one call at a time, and another tab may be in one.',
    487: 'The call was given up before it was answered.',
    488: 'The phone and the browser found no codec in common. The policy of ngpilot decides which codecs each side sees.',
    500: 'Media control failed. The terminal of the demo shows what ngpilot says of it.',
    503: 'Media control is down: Kamailio got no answer from ngpilot, or ngpilot none from rtpengine. The terminal of the demo shows which of them ended.',
  }
  if (status !== undefined) return new Problem(byStatus[status] ?? `The call was refused with ${status} ${reason}.`)
  const byCause: Record<string, string> = {
    'Connection Error': 'The connection to Kamailio broke. It comes back by itself when Kamailio runs.',
    'Request Timeout': 'Kamailio did not answer. Is it still running? The terminal of the demo tells.',
    Terminated: 'The phone hung up, as it does when it hears nothing for ten seconds. Does rtpengine still run? The terminal of the demo tells.',
    'Bad Media Description': 'The browser refused the SDP that it got; the reason is in its console.',
    'Missing SDP': 'The phone answered, but media control failed on its answer. The terminal of the demo shows what ngpilot says of it.',
    'No Answer': 'Nobody answered.',
  }
  return new Problem(byCause[cause] ?? `The call failed: ${cause}.`)
}

/** Why no candidate was found: browsers leave out the loopback interface. */
export function noCandidateProblem (): Problem {
  return new Problem('The browser found no network address for media. It leaves out 127.0.0.1: connect this machine to any network, or start Chromium with --allow-loopback-in-peer-connection.')
}

/** Why ICE found no way to rtpengine. */
export function iceProblem (addresses: readonly string[]): Problem {
  const only127 = addresses.every((address) => address.startsWith('127.'))
  return new Problem(`ICE found no way from this browser to rtpengine at ${addresses.join(' and ')}. ${only127
    ? 'Firefox never uses 127.0.0.1: start the demo without --address, or with another address of this machine.'
    : 'A firewall on this machine may drop UDP, or this browser runs on another machine that cannot reach that address.'}`)
}
