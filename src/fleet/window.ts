/**
 * How many of the latest commands failed. Two halves, the older of which is dropped whole when the newer is full: it never
 * grows, and counting costs next to nothing.
 */
export interface Window { readonly from: number, readonly newer: Count, readonly older: Count }

interface Count { readonly total: number, readonly failed: number }

const none: Count = { total: 0, failed: 0 }

export function emptyWindow (now: number): Window {
  return { from: now, newer: none, older: none }
}

/** The window with one command more. */
export function counted (window: Window, isFailed: boolean, now: number, windowMs: number): Window {
  const { from, newer, older } = turned(window, now, windowMs)
  return { from, older, newer: { total: newer.total + 1, failed: newer.failed + (isFailed ? 1 : 0) } }
}

export function sumOf (window: Window, now: number, windowMs: number): Count {
  const { newer, older } = turned(window, now, windowMs)
  return { total: newer.total + older.total, failed: newer.failed + older.failed }
}

function turned (window: Window, now: number, windowMs: number): Window {
  const age = now - window.from
  if (age < windowMs / 2) return window
  return { from: now, newer: none, older: age < windowMs ? window.newer : none }
}
