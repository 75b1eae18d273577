import type { SipHeader } from './headers.ts'
import { parseParams } from './params.ts'
import { endOf, quotedEnd } from './scan.ts'

const paramStop = /;/g
const listStop = /[,"]/g

/** The branch of each Via in one header; undefined where a Via has none (RFC 3261 §20.42; RFC 2543 did not ask for it). */
export function branchesOf ({ value, line }: SipHeader): (string | undefined)[] {
  const where = `Via (line ${line})`
  return splitList(value, where).map((via) => {
    return parseParams(via, endOf(via, 0, paramStop), where).get('branch') || undefined
  })
}

/** The parts between commas; a comma inside a quoted string is none. */
function splitList (text: string, where: string): string[] {
  const parts: string[] = []
  let start = 0
  let at = 0
  while ((at = endOf(text, at, listStop)) < text.length) {
    if (text.charAt(at) === '"') {
      at = quotedEnd(text, at, where)
    } else {
      parts.push(text.slice(start, at))
      start = ++at
    }
  }
  parts.push(text.slice(start))
  return parts
}
