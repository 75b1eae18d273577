import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInTree } from '../../stack/run.ts'
import { ensureTree } from '../../stack/tree.ts'
import { capabilitiesOf } from '../../src/ng/capabilities.ts'
import { codecs } from '../../src/ng/codecs.ts'

for (const [release, version] of [['bookworm', '10.5'], ['trixie', '12.5'], ['sid', '26.0']] as const) {
  test(`rtpengine ${version} says of the codecs what the table does`, async () => {
    const child = runInTree(await ensureTree({ release }), ['rtpengine', '--codecs'])
    let text = ''
    for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk as string
    // Those that its library has and RTP has no name for are none.
    const said = new Map(Array.from(text.matchAll(/^ *(\S+): (.+)$/gm), ([, name = '', what = '']) => [name, what]))
    const encoded = [...said].flatMap(([name, what]) => what === 'fully supported' ? [name] : [])
    assert.ok(encoded.length > 5, text)
    const { encodes } = capabilitiesOf(version)
    assert.deepEqual([...codecs.keys()].filter(encodes).sort(), encoded.sort())
    const others = [...said].flatMap(([name, what]) => /^(supported for decoding only|not supported)$/.test(what) ? [name] : [])
    assert.deepEqual(others.filter((name) => !codecs.has(name)), [])
  })
}
