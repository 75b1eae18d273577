import type { TimeEntry } from './schema.ts'

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
type Day = typeof days[number]

const dayMinutes = 24 * 60
/** No zone has ever changed its offset between two of these. */
const slotMs = 15 * 60_000

/** A test of a moment, in milliseconds since the epoch. */
export type TimeTest = (at: number) => boolean

/**
 * Whether a moment lies in a window. Days and times are those of its zone; a window whose end is not after its beginning
 * goes past midnight and belongs to the day on which it begins.
 */
export function timeTest ({ zone = 'UTC', days: named, from = '00:00', to = '24:00', since, until }: TimeEntry): TimeTest {
  const offsetOf = offsetIn(zone)
  const open = named === undefined ? undefined : new Set([named].flat().flatMap(daysOf))
  const [begin, end] = [minutesOf(from), minutesOf(to)]
  const first = since === undefined ? -Infinity : instantOf(since)
  const last = until === undefined ? Infinity : instantOf(until)
  return (at) => {
    const local = at + offsetOf(at)
    if (local < first || local >= last) return false
    const day = Math.floor(local / 86_400_000)
    const minute = Math.floor(local / 60_000) - day * dayMinutes
    const isOpen = (which: number) => !open || open.has(weekdayOf(which))
    if (begin < end) return isOpen(day) && minute >= begin && minute < end
    return (minute >= begin && isOpen(day)) || (minute < end && isOpen(day - 1))
  }
}

/** What calendar and clock say in a zone: `Mon 2026-01-05 23:30 Europe/Berlin`. */
export function clockIn (at: number, zone = 'UTC'): string {
  const format = new Intl.DateTimeFormat('en', {
    timeZone: zone, hourCycle: 'h23', weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
  })
  const { weekday = '', year = '', month = '', day = '', hour = '', minute = '' } = Object.fromEntries(
    format.formatToParts(at).map(({ type, value }) => [type, value]))
  return `${weekday} ${year}-${month}-${day} ${hour}:${minute} ${zone}`
}

/** Whether a zone is one of the IANA time zone database. */
export function isZone (name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** Local time minus UTC, in milliseconds. Asking Intl takes microseconds, so the answer serves the slot it was asked for. */
function offsetIn (zone: string): (at: number) => number {
  if (zone === 'UTC') return () => 0
  const format = new Intl.DateTimeFormat('en', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric',
  })
  let slot = NaN
  let offset = 0
  return (at) => {
    const wanted = Math.floor(at / slotMs)
    if (wanted === slot) return offset
    const parts = Object.fromEntries(format.formatToParts(wanted * slotMs).map(({ type, value }) => [type, Number(value)]))
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts
    offset = Date.UTC(year, month - 1, day, hour, minute) - Math.floor(wanted * slotMs / 60_000) * 60_000
    slot = wanted
    return offset
  }
}

/** `mon`, or `mon-fri`, which may go past Saturday. */
function daysOf (range: string): Day[] {
  const [first, last = first] = range.split('-').map((name) => days.indexOf(name as Day))
  if (first === undefined || last === undefined) return []
  return Array.from({ length: (last - first + 7) % 7 + 1 }, (_, index) => days[(first + index) % 7] as Day)
}

/** The first of January 1970 was a Thursday. */
const weekdayOf = (day: number): Day => days[((day + 4) % 7 + 7) % 7] as Day

/** `2026-12-24` or `2026-12-24T18:00`, as if it were UTC. */
const instantOf = (text: string): number => Date.parse(text.includes('T') ? `${text}Z` : text)

function minutesOf (time: string): number {
  const [hour, minute] = time.split(':').map(Number)
  return (hour ?? 0) * 60 + (minute ?? 0)
}
