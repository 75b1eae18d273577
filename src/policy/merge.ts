import type { NgDictionary, NgValue } from '../ng/types.ts'

/** One NG dictionary over another: lists are joined without repeats, dictionaries merged, all else replaced. */
export function mergeNg (base: NgDictionary, added: NgDictionary): NgDictionary {
  const merged = { ...base }
  for (const [key, value] of Object.entries(added)) {
    const before = merged[key]
    if (Array.isArray(before) && Array.isArray(value)) merged[key] = [...new Set([...before, ...value])]
    else if (isDictionary(before) && isDictionary(value)) merged[key] = mergeNg(before, value)
    else merged[key] = value
  }
  return merged
}

function isDictionary (value: NgValue | undefined): value is NgDictionary {
  return typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value)
}
