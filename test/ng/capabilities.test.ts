import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capabilitiesOf, unknownTo } from '../../src/ng/capabilities.ts'
import { isAtLeast, releaseOf } from '../../src/ng/release.ts'

test('a release is read from a version, as packages and operators write it', () => {
  const releases = ['12.5.1.31-1', '10.5', 'mr26.0.1.26', '26.0.1.1+0~mr26', '10.05'].map(releaseOf)
  assert.deepEqual(releases, ['12.5', '10.5', '26.0', '26.0', '10.5'])
  assert.deepEqual(['', '12', 'git-master', '12.5x', '12.5.1\n'].map(releaseOf), Array(5).fill(undefined))
})

test('releases are compared by number, not by spelling', () => {
  assert.ok(isAtLeast('26.0', '13.5') && isAtLeast('12.5', '12.5') && isAtLeast('11.10', '11.9'))
  assert.ok(!isAtLeast('9.5', '10.5') && !isAtLeast('12.4', '12.5'))
})

test('each release has its traits, and what is not known counts as the oldest', () => {
  const traitsOf = (version: string | undefined) => {
    return Object.entries(capabilitiesOf(version)).flatMap(([trait, value]) => value === true ? [trait] : [])
  }
  const since12 = [
    'hasWebRtcFlag', 'readsFlagsString', 'readsCommaLists', 'deleteNeedsToTagFlag', 'deleteAlwaysCounts', 'blockNeedsDirectional',
  ]
  for (const old of ['10.5.3.5', undefined, 'who knows']) assert.deepEqual(traitsOf(old), [])
  assert.deepEqual(traitsOf('12.5.1.31').sort(), since12.sort())
  assert.deepEqual(traitsOf('26.0.1.26').sort(), [...since12, 'canBundle', 'rewritesSdp', 'aliasesTags'].sort())
})

test('commands that came later are known to the release that has them', () => {
  const [old, middle, young] = ['10.5', '12.5', '26.0'].map(capabilitiesOf)
  const has = (command: string) => [old, middle, young].map((each) => each?.hasCommand(command))
  assert.deepEqual(has('play media'), [true, true, true])
  assert.deepEqual(has('pause recording'), [false, true, true])
  assert.deepEqual(has('transform'), [false, false, true])
  assert.deepEqual(has('mesh'), [false, false, false])
})

test('what a node is too old for is named by path and by the release that knows it', () => {
  const flags = {
    'transport-protocol': 'RTP/AVP', flags: ['trust-address', 'WebRTC', 'recrypt'], bundle: ['accept'],
    codec: { strip: ['all'], ignore: ['opus'] }, SDES: ['off', 'prefer', 'order:A;B;'],
  }
  const found = (version: string) => unknownTo(capabilitiesOf(version), flags).map(({ path, since }) => `${path.join('.')} ${since}`)
  assert.deepEqual(found('10.5'), ['flags.1 12.5', 'flags.2 13.4', 'bundle 14.0', 'codec.ignore 13.3', 'SDES.1 12.1'])
  assert.deepEqual(found('12.5'), ['flags.2 13.4', 'bundle 14.0', 'codec.ignore 13.3'])
  assert.deepEqual(found('26.0'), [])
})
