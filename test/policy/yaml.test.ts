import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml'
import { parseSources } from '../../src/policy/source.ts'
import { readYamlForgivingly } from '../../src/policy/yaml-forgiving.ts'
import { readYaml, type YamlNode } from '../../src/policy/yaml.ts'

const texts: [about: string, text: string][] = [
  ['scalars', 'a: [1, -2, 0x1F, 0o17, 0900, 1e3, .5, .inf, -.inf, true, False, null, ~, yes, 1_000, 2026-12-24, 08:30, 1.2.3, <<]\n'],
  ['quotes', 'a: "x\\ty \\u00e4"\n"b c": \'it\'\'s\'\n? d\n: "two\n  lines"\n'],
  ['blocks', 'a: |\n  one | two\n    deeper\n\nb: >- # a | remark\n  folded\n  text\nc: |2\n   kept\n'],
  ['flow over lines', 'a: {\n  b: [1,\n    2], "c": { },\n  d: e\n  }\n'],
  ['what is not there', 'a:\nb: { c:, d }\n'],
  ['lists in lists', '- - a\n  - b\n- c: d\n  e: f\n-   g\n'],
  ['remarks', '# first\na: 1 # one\n# between\nb: x#y\n'],
  ['ends of lines', 'a: 1\r\nb:\r\n  - c\r\n  - d: |\r\n      e\r\n'],
  ['a mark of the byte order', '\uFEFFa: 1\nb: [c]\n'],
  ['aliases', 'a: &a [x, &b "y"]\nc: *a\nd: { e: *b }\nf: &f\n  g: 1\nh: *f\n'],
  ['a text by its tag', 'a: !!str 5\n'],
  ['a key that objects have', '__proto__: { constructor: 1 }\ntoString: 2\n'],
]

for (const [about, text] of texts) {
  test(`reads what another parser reads, where it stands: ${about}`, () => {
    sameAsAnother(text, readYaml(text))
    sameAsAnother(text, readYamlForgivingly(text))
  })
}

test('takes a bracket that closes at the beginning of a line, and knows the places in it', () => {
  const text = 'rules: [\n  { name: a, when: "b c" },\n]\nsets: [d]\n'
  assert.throws(() => readYaml(text))
  const { sources, problems } = parseSources([{ file: 'a.yaml', text }])
  assert.deepEqual([problems, sources[0]?.value], [[], { rules: [{ name: 'a', when: 'b c' }], sets: ['d'] }])
  const { line, column } = sources[0]?.place({ path: ['rules', 0, 'when'], at: 'value', message: '', offset: 2 }) ?? {}
  assert.deepEqual([line, column], [2, 23])
})

test('reads the policy that ships as another parser does', async () => {
  for (const name of ['90-ngpilot.yaml', '90-ngpilot.test.yaml']) {
    const text = await readFile(new URL(`../../policy/${name}`, import.meta.url), 'utf8')
    sameAsAnother(text, readYaml(text))
  }
})

test('says of a tag that it has no meaning', () => {
  assert.deepEqual(readYaml('a: !!int 5\nb: !odd { c: d }\n').broken.map(({ offset }) => offset), [3, 14])
})

test('a list may be repeated as often as a large policy has rules', () => {
  const { root, broken } = readYaml(`a: &a [x, y]\nb: [${Array(5000).fill('*a').join(', ')}]\n`)
  assert.deepEqual(broken, [])
  assert.equal((root?.value as { b: unknown[] }).b.length, 5000)
})

function sameAsAnother (text: string, { root, broken }: ReturnType<typeof readYaml>): void {
  const document = parseDocument(text, { prettyErrors: false })
  assert.deepEqual([document.errors, document.warnings], [[], []])
  assert.deepEqual(broken, [])
  assert.deepEqual(root?.value, document.toJS())
  if (root) samePlaces(root, document.contents)
}

function samePlaces (node: YamlNode, other: unknown): void {
  const start = isScalar(other) || isMap(other) || isSeq(other) || isAlias(other) ? other.range?.[0] : undefined
  if (node.start >= 0) assert.equal(node.start, start, JSON.stringify(node.value))
  for (const [name, { keyStart, node: inner }] of node.entries ?? []) {
    const pair = isMap(other) ? other.items.find(({ key }) => isScalar(key) && key.value === name) : undefined
    assert.equal(keyStart, isScalar(pair?.key) ? pair.key.range?.[0] : undefined, name)
    samePlaces(inner, pair?.value)
  }
  node.items?.forEach((inner, index) => { samePlaces(inner, isSeq(other) ? other.items[index] : undefined) })
}
