import { NgpilotError } from '../errors.ts'
import { parsePeer, type SipPeer } from './uri.ts'

/** What a proxy says of a hop: SIP URIs of its ends, and hints (`key=value; key=value`) about the call or about one end. */
export interface HopTexts {
  source?: string | undefined
  destination?: string | undefined
  vars?: string | undefined
  sourceVars?: string | undefined
  destinationVars?: string | undefined
}

export type HopPeer = Partial<SipPeer> & { vars: Record<string, string> }

/** Reads a hop. `nameOf` gives the name that a text had where it came from, for the messages of errors. */
export function readHop (texts: HopTexts, nameOf: (key: keyof HopTexts) => string) {
  const source = peer('source', 'sourceVars')
  const destination = peer('destination', 'destinationVars')
  return {
    ...(source && { source }),
    ...(destination && { destination }),
    vars: hints(texts.vars, nameOf('vars')),
  }

  /** `sip:198.51.100.7:5060;transport=wss`, as Kamailio's `$sut` and `$nh(u)` write it. Without a word it is UDP. */
  function peer (key: 'source' | 'destination', varsKey: 'sourceVars' | 'destinationVars'): HopPeer | undefined {
    const text = texts[key]
    const vars = hints(texts[varsKey], nameOf(varsKey))
    if (text === undefined && Object.keys(vars).length === 0) return undefined
    return { ...(text !== undefined && { transport: 'udp' as const, ...parsePeer(text, nameOf(key)) }), vars }
  }
}

/** `trunk=acme; region=eu`. @throws NgpilotError `bad_request` that names the place and the pair */
function hints (text: string | undefined, where: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const pair of text?.split(';') ?? []) {
    if (pair.trim() === '') continue
    const equals = pair.indexOf('=')
    if (equals < 1) throw new NgpilotError('bad_request', `${where}: "${pair.trim()}" is not key=value`)
    // A hint may be called __proto__.
    Object.defineProperty(found, pair.slice(0, equals).trim(), {
      value: pair.slice(equals + 1).trim(), enumerable: true, configurable: true, writable: true,
    })
  }
  return found
}
