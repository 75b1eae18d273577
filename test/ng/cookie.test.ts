import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCookies } from '../../src/ng/cookie.ts'

test('a cookie is short and of letters, digits, hyphens and underscores, whatever the instance is called', () => {
  const nextCookie = createCookies('Vermittlung 1.zürich.example.com')
  for (let i = 0; i < 1000; i++) assert.match(nextCookie(), /^[A-Za-z0-9_-]{1,40}$/)
})

test('names the instance', () => {
  assert.match(createCookies('edge-1')(), /^edge-1-/)
})

test('never gives a cookie twice: not in one process, not after its restart, not in another instance', () => {
  const sources = [createCookies('edge-1'), createCookies('edge-1'), createCookies('edge-2')]
  const cookies = sources.flatMap((nextCookie) => Array.from({ length: 10_000 }, nextCookie))
  assert.equal(new Set(cookies).size, cookies.length)
})
