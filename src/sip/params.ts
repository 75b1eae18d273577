import { badRequest, endOf, quotedEnd, skipSpace } from './scan.ts'

const nameStop = /[=; \t]/g
const valueStop = /[; \t]/g

/**
 * Parameters after a header value: `;tag=abc;x="a;b";lr`. Names in lower case, values without their quotes, '' for a
 * parameter that has none. Empty ones (`;;`) are passed over. Quoted values keep what stands between the quotes.
 *
 * @param from where the parameters begin: at the first `;`, or at the end of `text`
 * @param where for the message of an error
 * @throws NgpilotError `bad_request`; also for a name that comes twice, which RFC 3261 §7.3.1 forbids: two readers could
 * take two different tags from it.
 */
export function parseParams (text: string, from: number, where: string): Map<string, string> {
  const params = new Map<string, string>()
  let at = skipSpace(text, from)
  while (at < text.length) {
    if (text.charAt(at) !== ';') throw badRequest(where, 'a parameter begins without ";"')
    const nameStart = skipSpace(text, at + 1)
    const nameEnd = endOf(text, nameStart, nameStop)
    const name = text.slice(nameStart, nameEnd).toLowerCase()
    at = skipSpace(text, nameEnd)
    let value = ''
    if (text.charAt(at) === '=') {
      const start = skipSpace(text, at + 1)
      const isQuoted = text.charAt(start) === '"'
      const end = isQuoted ? quotedEnd(text, start, where) : endOf(text, start, valueStop)
      value = isQuoted ? unquote(text.slice(start, end)) : text.slice(start, end)
      at = skipSpace(text, end)
    }
    if (params.has(name)) throw badRequest(where, 'a parameter comes twice')
    if (name !== '') params.set(name, value)
  }
  return params
}

function unquote (quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/gs, '$1')
}
