import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSources } from '../../src/policy/load.ts'
import { pathText, problemText, type Path } from '../../src/policy/problem.ts'
import { PolicyFile } from '../../src/policy/schema.ts'
import { parseSources } from '../../src/policy/source.ts'

type Schemas = Record<string, Schema>
interface Schema { properties?: Schemas, items?: Schema, anyOf?: Schema[], patternProperties?: Schemas }

/** The places of all that the language has a word for. */
function placesIn ({ properties = {}, items, anyOf = [], patternProperties = {} }: Schema, path: Path = []): Path[] {
  const [inner] = Object.values(patternProperties)
  return [
    path,
    ...Object.entries(properties).flatMap(([name, each]) => placesIn(each, [...path, name])),
    ...items ? placesIn(items, [...path, 0]) : [],
    ...inner?.properties ? placesIn(inner, [...path, 'a']) : [],
    ...anyOf.flatMap((each) => placesIn(each, path)),
  ]
}

/** A file whose every part is sound, but for a word at that place that is none. */
function brokenAt (path: Path): string {
  const file = { version: 1, profiles: { a: { extends: 'sip' } }, endpoints: [{ profile: 'sip' }], rules: [{ name: 'r' }] }
  let at: Record<string | number, unknown> = file
  for (const [index, step] of path.slice(0, -1).entries()) {
    at = (at[step] ??= typeof path[index + 1] === 'number' ? [] : {}) as typeof at
  }
  at[path.at(-1) ?? ''] = { 'no-such-word': [[]] }
  return JSON.stringify(file)
}

test('every word of the language refuses what it cannot be, and says where', () => {
  const [, ...all] = placesIn(PolicyFile as Schema)
  const places = new Map(all.map((path) => [pathText(path), path]))
  assert.ok(places.size > 80, String(places.size))
  for (const [name, path] of places) {
    const { policy, problems } = checkSources(parseSources([{ file: 'a.yaml', text: brokenAt(path) }]))
    const told = problems.map(problemText)
    assert.ok(!policy && told.some((text) => text.replace(/^a\.yaml:1:\d+: /, '').startsWith(name)), `${name}: ${told.join('\n')}`)
  }
})
