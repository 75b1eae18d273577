import assert from 'node:assert/strict'
import test from 'node:test'
import { check, rules } from '../../src/sdp/conformance.ts'
import { type Case, cases, view } from './cases.ts'

const ids = ({ sdp, facts }: Case) => check(view(sdp), {
  direction: 'out', role: 'offer', leg: { name: 'phone', kind: 'plain' }, transport: 'tls', isPublic: true, ...facts,
}).map(({ id }) => id)

test('has a case for every rule and a rule for every case', () => {
  assert.deepEqual(rules.map(({ id }) => id).sort(), Object.keys(cases).sort())
})

for (const [id, { trips, misses }] of Object.entries(cases)) {
  test(`${id}: each of its SDPs trips it and nothing else, the near misses do not`, () => {
    for (const [index, each] of trips.entries()) assert.deepEqual(ids(each), [id], `trips[${index}]`)
    for (const [index, each] of misses.entries()) assert.deepEqual(ids(each).filter((found) => found === id), [], `misses[${index}]`)
  })
}
