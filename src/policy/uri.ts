import type { UriFacts } from './facts.ts'

/**
 * User and host of a URI as the message has it. Nothing is refused here: a URI that is none has an empty user, and for host
 * whatever stands where it would.
 */
export function uriFacts (text: string): UriFacts {
  const colon = text.indexOf(':')
  const rest = text.slice(colon + 1)
  if (/^tel$/i.test(text.slice(0, colon))) return { text, user: upTo(rest, ';'), host: '' }
  const at = rest.indexOf('@')
  const user = at < 0 ? '' : upTo(rest.slice(0, at), ':')
  const hostPort = upTo(upTo(rest.slice(at + 1), ';'), '?')
  const host = hostPort.startsWith('[') ? upTo(hostPort.slice(1), ']') : upTo(hostPort, ':')
  return { text, user, host: host.toLowerCase() }
}

function upTo (text: string, mark: string): string {
  const end = text.indexOf(mark)
  return end < 0 ? text : text.slice(0, end)
}
