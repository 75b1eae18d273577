import { isIP } from 'node:net'
import { parseBlock } from './address.ts'
import { compilePattern } from './regex.ts'
import { isZone } from './time.ts'

interface Format { isOne: (text: string) => boolean, wrong: (text: string) => string }

const day = '(?:mon|tue|wed|thu|fri|sat|sun)'

/** What the `format` words of the schema mean, and what is said of a text that is not one. */
export const formats: Record<string, Format> = {
  'address-block': {
    isOne: (text) => parseBlock(text) !== undefined,
    wrong: (text) => `${text} is neither an address nor a block such as 198.51.100.0/24 or 2001:db8::/32`,
  },
  address: {
    isOne: (text) => isIP(text) !== 0,
    wrong: (text) => `${text} is no IPv4 or IPv6 address`,
  },
  re2: {
    isOne: (text) => typeof compilePattern(text) !== 'string',
    wrong (text) {
      const pattern = compilePattern(JSON.parse(text) as string)
      return typeof pattern === 'string' ? pattern : `${text} is a pattern`
    },
  },
  // RFC 3261, section 25.1: UTF-8, but nothing that ends or breaks the line.
  'reason-phrase': {
    isOne: (text) => !/\p{Cc}/u.test(text),
    wrong: (text) => `${text} has a line end or another control character in it; a reason phrase is one line`,
  },
  'time-zone': { isOne: isZone, wrong: (text) => `${text} is no time zone such as Europe/Berlin or UTC` },
  days: { isOne: (text) => new RegExp(`^${day}(?:-${day})?$`).test(text), wrong: (text) => `${text} is no day (mon, tue, wed, thu, fri, sat, sun) and no range such as mon-fri` },
  time: { isOne: (text) => /^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/.test(text), wrong: (text) => `${text} is no time of day such as "08:30"` },
  moment: {
    isOne: (text) => /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d)?$/.test(text) && !isNaN(Date.parse(text)),
    wrong: (text) => `${text} is neither a date such as 2026-12-24 nor a time such as 2026-12-24T18:00`,
  },
}

/** The same for Ajv. */
export const isOfFormat = Object.fromEntries(Object.entries(formats).map(([name, { isOne }]) => [name, isOne]))
