import type { NgDictionary, NgValue } from '../ng/types.ts'

/** Durations, delays and marks, which do not add up. `totalcallsduration` does. */
const mean = /^avg|average|delay|used_pct|uptime|^mos(?!.*samples)|round.?trip|jitter|packetloss/

/**
 * The `statistics` of several nodes as those of one: counters and rates add up, lists are joined, smallest and greatest
 * values stay what they are, averages become the mean. What one node says and another does not is kept; a number that
 * came as a string (uptime, durations) stays one.
 */
export function mergeStatistics (parts: readonly (NgValue | undefined)[]): NgDictionary {
  return merged('', parts.filter((part) => part !== undefined)) as NgDictionary
}

function merged (key: string, values: readonly NgValue[]): NgValue {
  const [first = {}] = values
  if (values.length === 1) return first
  if (Array.isArray(first)) return values.flatMap((value) => Array.isArray(value) ? value : [])
  if (isDictionary(first)) {
    const all = values.filter(isDictionary)
    const keys = new Set(all.flatMap((one) => Object.keys(one)))
    const said = (name: string) => all.map((one) => one[name]).filter((value) => value !== undefined)
    return Object.fromEntries([...keys].map((name) => [name, merged(name, said(name))]))
  }
  const numbers = values.map(Number)
  if (!numbers.every(Number.isFinite)) return first
  const result = ofNumbers(key, numbers)
  return typeof first === 'string' ? withDecimals(result, first) : Math.round(result)
}

function ofNumbers (key: string, numbers: number[]): number {
  if (key.startsWith('min')) return Math.min(...numbers)
  if (key.startsWith('max')) return Math.max(...numbers)
  const sum = numbers.reduce((total, number) => total + number, 0)
  return mean.test(key) ? sum / numbers.length : sum
}

/** As many digits after the point as the node wrote. */
function withDecimals (number: number, like: string): string {
  const [, decimals = ''] = like.split('.')
  return number.toFixed(Math.min(decimals.length, 20))
}

function isDictionary (value: NgValue): value is NgDictionary {
  return typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value)
}
