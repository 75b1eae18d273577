import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Capabilities } from '../../src/ng/capabilities.ts'
import { freePort } from '../../stack/ports.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { ensureTree, type Release } from '../../stack/tree.ts'
import { startFleet, until } from './support.ts'

type Traits = Pick<Capabilities, 'hasWebRtcFlag' | 'canBundle'>
const releases: [release: Release, version: RegExp, byUdp: string, traits: Traits][] = [
  ['bookworm', /^10\.5\.3\.\d/, '10.5 or newer', { hasWebRtcFlag: false, canBundle: false }],
  ['trixie', /^12\.5\.1\.\d/, '11.3 or newer', { hasWebRtcFlag: true, canBundle: false }],
  ['sid', /^26\.\d/, '26.0 or newer', { hasWebRtcFlag: true, canBundle: true }],
]

for (const [release, version, byUdp, traits] of releases) {
  test(`the version of Debian ${release}'s rtpengine is learned: to the letter over HTTP, in bounds over UDP, or as it is set`, async (t) => {
    const port = await freePort()
    const tree = await ensureTree({ release })
    const { port: ngPort } = await startRtpengine(t, { tree, args: [`--listen-http=127.0.0.1:${port}`] })
    const node = { host: '127.0.0.1', port: ngPort }
    const { fleet, view, allUp } = startFleet(t, [
      { id: 'http', host: '127.0.0.1', port, transport: 'http' },
      { id: 'stream', ...node, stream: { host: '127.0.0.1', port, transport: 'ws' } },
      { id: 'udp', ...node },
      { id: 'set', ...node, version: '13.3' },
    ])
    await allUp()
    await until('versions', () => fleet.nodes().every(({ id, version: known }) => known !== undefined && (id === 'udp' || !known.includes('or newer'))))
    assert.match(view('http')?.version ?? '', version)
    assert.equal(view('stream')?.version, view('http')?.version)
    assert.equal(view('udp')?.version, byUdp)
    assert.equal(view('set')?.version, '13.3')
    const { hasWebRtcFlag, canBundle } = fleet.capabilities('http')
    assert.deepEqual({ hasWebRtcFlag, canBundle }, traits)
    assert.equal(fleet.capabilities('set').release, '13.3')
  })
}
