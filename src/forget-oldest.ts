/**
 * Forgets entries of a Map, the oldest first, until it is told that it is enough. That should be some at a time: to find the
 * first entry costs more, the more were deleted before it (9 µs after 10,000).
 *
 * @param forget where more is to be done than to delete the entry
 */
export function forgetOldest<K, V> (
  map: Map<K, V>, isEnough: (oldest: V) => boolean, forget: (key: K) => void = (key) => map.delete(key),
): void {
  for (const [key, value] of map) {
    if (isEnough(value)) return
    forget(key)
  }
}

/** How many stay in a table that holds more than the most, so that it is not full again at once. */
export function roomier (most: number): number {
  return most - Math.floor(most / 64)
}
