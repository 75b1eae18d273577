import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, before, suite, test } from 'node:test'
import type { Release } from '../../stack/tree.ts'
import type { SdpChange } from '../support/rtp-ear.ts'
import { sharedContext } from '../support/shared.ts'
import { type Flow, type PartySpec, play } from '../support/sipp-flow.ts'
import type { Say, Step } from '../support/sipp-scenario.ts'
import { type Site, startSite } from '../support/site.ts'

/**
 * What can happen in a call, played by SIPp at both ends through the Kamailio that ships, with media that are listened to
 * after each step; on each rtpengine. `npm run test:calls`: it is too slow for `npm test`, where test/e2e/dialogs.test.ts
 * does the same with ends of the test's own.
 */
const releases = (process.env.NGPILOT_TEST_RELEASES ?? 'trixie').split(',') as Release[]
/** rtpengine 10.5 passes on what a party sends though the other has said that it wants nothing; newer ones do not. */
const heedsDirection = (release: Release) => release !== 'bookworm'

const policy = `
version: 1
profiles:
  phone: { extends: sip, codecs: [PCMU] }
  feedback: { extends: sip, protocol: RTP/AVPF, codecs: [PCMU] }
endpoints:
  - { profile: feedback, match: { address: 127.0.0.2 } }
  - { profile: phone }
`

type More = Partial<Say>
type Speaker = (what: string | number, more?: More) => Say

const alice: Speaker = (what, more) => ({ by: 'alice', what, to: ['bob'], ...more })
const bob: Speaker = (what, more) => ({ by: 'bob', what, to: ['alice'], ...more })
const tablet: Speaker = (what, more) => ({ by: 'tablet', what, to: ['alice'], ...more })
const kamailio: Speaker = (what, more) => ({ by: 'kamailio', what, to: [], ...more })

const hear = { check: ({ hear }: Flow) => hear('alice', 'bob') }
const hearTablet = { check: ({ hear }: Flow) => hear('alice', 'tablet') }
const fallsSilent = (name: string) => ({ check: ({ fallsSilent }: Flow) => { fallsSilent(name) } })
const silent = (name: string) => ({ check: ({ hearsNothing }: Flow) => hearsNothing(name) })
const checks = (look: (sdps: Flow['sdps']) => Promise<void>) => ({ check: ({ sdps }: Flow) => look(sdps) })
const pickUp = [alice('INVITE', { sdp: {} }), bob(180), bob(200, { sdp: {} }), alice('ACK'), hear]
const hangUp = [bob('BYE'), alice(200)]
const exchange = (from: Speaker, to: Speaker, { method = 'INVITE', offer = {}, answer = {} }: Exchange = {}) => [
  from(method, { sdp: offer }), to(200, { sdp: answer }), ...method === 'INVITE' ? [from('ACK')] : [],
]
interface Exchange { method?: string, offer?: SdpChange | 'same', answer?: SdpChange | 'same' }

const portOf = (sdp = '') => /^m=audio (\d+)/m.exec(sdp)?.[1]
const directionOf = (sdp = '') => /^a=(sendonly|recvonly|inactive)/m.exec(sdp)?.[1] ?? 'sendrecv'
const protocolOf = (sdp = '') => /^m=audio \d+ (\S+)/m.exec(sdp)?.[1]
const portsStay = checks(async (sdps) => {
  for (const name of ['alice', 'bob']) assert.equal(new Set((await sdps(name)).map(portOf)).size, 1, `${name} is told of one port alone`)
})
const isShown = (name: string, direction: string) => checks(async (sdps) => {
  assert.equal(directionOf((await sdps(name)).at(-1)), direction)
})

const two: PartySpec[] = [{ name: 'alice' }, { name: 'bob' }]
const devices = (q: { bob?: string, tablet?: string } = {}, address = '127.0.0.2'): PartySpec[] => [
  { name: 'alice' }, { name: 'bob', ...q.bob !== undefined && { q: q.bob } },
  { name: 'tablet', user: 'bob', address, ...q.tablet !== undefined && { q: q.tablet } },
]
const rings = [alice('INVITE', { sdp: {}, to: ['bob', 'tablet'] }), bob(180), tablet(180)]
const feedback = { protocol: 'RTP/AVPF' }

for (const release of releases) {
  const flows: Record<string, { parties?: PartySpec[], steps: Step<Flow>[] }> = {
    're-INVITE and UPDATE from either side': { steps: [
      ...pickUp, ...exchange(alice, bob), hear, ...exchange(bob, alice), hear,
      ...exchange(alice, bob, { method: 'UPDATE' }), hear, ...exchange(bob, alice, { method: 'UPDATE' }), hear, portsStay, ...hangUp,
    ] },
    ...Object.fromEntries(([
      ['sendonly', { direction: 'sendonly' }, 'sendonly'], ['inactive', { direction: 'inactive' }, 'inactive'],
      ['0.0.0.0', { address: '0.0.0.0' }, 'sendonly'],
    ] as const).map(([how, offer, seen]) => [`hold by ${how} from either side, and resume`, { steps: [
      ...pickUp,
      ...([[alice, bob, 'alice', 'bob'], [bob, alice, 'bob', 'alice']] as const).flatMap(([from, to, holder, held]) => [
        ...exchange(from, to, { offer, answer: { direction: seen === 'inactive' ? 'inactive' : 'recvonly' } }),
        isShown(held, seen), ...heedsDirection(release) ? [] : [fallsSilent(held)], silent(holder),
        ...exchange(from, to), isShown(held, 'sendrecv'), hear,
      ]),
      ...hangUp,
    ] }])),
    'session timers refresh the session, with its SDP as it is and without': { steps: [
      ...pickUp,
      ...exchange(alice, bob, { offer: 'same', answer: 'same' }), hear, ...exchange(bob, alice, { offer: 'same', answer: 'same' }), hear,
      ...exchange(alice, bob, { method: 'UPDATE', offer: 'same', answer: 'same' }), hear,
      alice('UPDATE', { headers: ['Session-Expires: 1800;refresher=uac'] }), bob(200), hear, portsStay, ...hangUp,
    ] },
    'early media with several 183': { steps: [
      alice('INVITE', { sdp: {} }), bob(183, { sdp: {} }), hear, bob(183, { sdp: 'same' }), hear, bob(183, { sdp: {} }), hear,
      bob(200, { sdp: 'same' }), alice('ACK'), hear, ...hangUp,
    ] },
    'PRACK, an offer in it and in an early UPDATE, and a 200 without SDP': { steps: [
      alice('INVITE', { sdp: {}, headers: ['Supported: 100rel'] }), bob(183, { sdp: {}, headers: ['Require: 100rel', 'RSeq: 1'] }),
      alice('PRACK', { sdp: {}, headers: ['RAck: 1 1 INVITE'] }), bob(200, { of: 'PRACK', sdp: {} }), hear,
      bob('UPDATE', { sdp: {} }), alice(200, { of: 'UPDATE', sdp: {} }), hear,
      bob(200, { of: 'INVITE' }), alice('ACK'), hear, ...exchange(bob, alice), hear, ...hangUp,
    ] },
    'a late offer, in the call and in a re-INVITE': { steps: [
      alice('INVITE'), bob(200, { sdp: {} }), alice('ACK', { sdp: {} }), hear,
      alice('INVITE'), bob(200, { sdp: {} }), alice('ACK', { sdp: {} }), hear,
      bob('INVITE'), alice(200, { sdp: {} }), bob('ACK', { sdp: {} }), hear, ...hangUp,
    ] },
    'a late offer in a reliable 183, its answer in the PRACK': { steps: [
      alice('INVITE', { headers: ['Supported: 100rel'] }), bob(183, { sdp: {}, headers: ['Require: 100rel', 'RSeq: 1'] }),
      alice('PRACK', { sdp: {}, headers: ['RAck: 1 1 INVITE'] }), bob(200, { of: 'PRACK' }), hear,
      bob(200, { of: 'INVITE' }), alice('ACK'), hear, ...hangUp,
    ] },
    'glare: the second of two offers gets 491': { steps: [
      ...pickUp, alice('INVITE', { sdp: {} }), bob('INVITE', { sdp: {}, to: [] }), kamailio(491, { to: ['bob'], of: 'INVITE' }),
      bob(200, { of: 'INVITE', sdp: {} }), alice('ACK'), hear, ...exchange(bob, alice), hear, ...hangUp,
    ] },
    'a hold that is refused changes nothing': { steps: [
      ...pickUp,
      ...([[alice, bob], [bob, alice]] as const).flatMap(([from, to]) => [
        from('INVITE', { sdp: { direction: 'inactive' } }), to(488), hear,
      ]),
      ...exchange(bob, alice), hear, ...hangUp,
    ] },
    'INVITE and 200 retransmitted': { steps: [
      alice('INVITE', { sdp: {}, retransmitAfterMs: 500 }), bob(180), bob(200, { sdp: {}, retransmitAfterMs: 300 }),
      { by: 'alice', waitMs: 1200 }, alice('ACK'), hear, portsStay, ...hangUp,
    ] },
    'a CANCEL that a 200 crosses': { steps: [
      alice('INVITE', { sdp: {} }), bob(180), alice('CANCEL'), kamailio(200, { to: ['alice'], of: 'CANCEL' }),
      bob(200, { of: 'INVITE', sdp: {} }), alice('ACK'), hear, ...hangUp,
    ] },
    'a CANCEL that ends the call': { steps: [
      alice('INVITE', { sdp: {} }), bob(180), alice('CANCEL'), kamailio(200, { to: ['alice'], of: 'CANCEL' }),
      bob(200, { of: 'CANCEL', to: [] }), bob(487, { of: 'INVITE' }),
    ] },
    'a BYE that a re-INVITE crosses': { steps: [
      ...pickUp, alice('INVITE', { sdp: {} }), bob('BYE'), bob(200, { of: 'INVITE', sdp: {} }), alice(200, { of: 'BYE' }), alice('ACK'),
      silent('alice'), silent('bob'),
    ] },
    'forks of one profile at once: the one that picks up wins, the other is cancelled': { parties: devices({}, '127.0.0.1'), steps: [
      ...rings, bob(183, { sdp: {} }), hear, tablet(183, { sdp: {} }), hearTablet,
      tablet(200, { sdp: 'same' }), kamailio('CANCEL', { to: ['bob'] }), bob(200, { of: 'CANCEL', to: [] }), bob(487, { of: 'INVITE', to: [] }),
      alice('ACK', { to: ['tablet'], with: 'tablet' }), hearTablet, tablet('BYE'), alice(200, { of: 'BYE', to: ['tablet'], with: 'tablet' }),
    ] },
    'forks of different profiles at once: the one that picks up wins, the other is cancelled': { parties: devices(), steps: [
      ...rings, checks(async (sdps) => {
        assert.deepEqual([protocolOf((await sdps('bob'))[0]), protocolOf((await sdps('tablet'))[0])], ['RTP/AVP', 'RTP/AVPF'])
      }),
      bob(183, { sdp: {} }), hear, tablet(183, { sdp: feedback }), hearTablet,
      tablet(200, { sdp: 'same' }), kamailio('CANCEL', { to: ['bob'] }), bob(200, { of: 'CANCEL', to: [] }), bob(487, { of: 'INVITE', to: [] }),
      alice('ACK', { to: ['tablet'], with: 'tablet' }), hearTablet, tablet('BYE'), alice(200, { of: 'BYE', to: ['tablet'], with: 'tablet' }),
    ] },
    'a fork that fails takes nothing from the other': { parties: devices(), steps: [
      ...rings, bob(183, { sdp: {} }), hear, tablet(486, { to: [] }), hear, bob(200, { of: 'INVITE', sdp: 'same' }), alice('ACK'), hear, ...hangUp,
    ] },
    'forks of different profiles one after the other': { parties: devices({ bob: '0.9', tablet: '0.3' }), steps: [
      alice('INVITE', { sdp: {} }), bob(183, { sdp: {} }), hear, bob(486, { to: [] }),
      alice('INVITE', { to: ['tablet'], isForked: true }), tablet(200, { of: 'INVITE', sdp: feedback }), alice('ACK', { to: ['tablet'], with: 'tablet' }), hearTablet,
      tablet('BYE'), alice(200, { of: 'BYE', to: ['tablet'], with: 'tablet' }),
    ] },
  }

  suite(`SIPp through Kamailio, rtpengine of ${release}`, () => {
    const context = sharedContext()
    let site: Site
    before(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'ngpilot-policy-'))
      context.after(() => rm(folder, { recursive: true }))
      await writeFile(join(folder, 'policy.yaml'), policy)
      site = await startSite(context, { release, env: { NGPILOT_POLICY_DIRECTORY: folder } })
    })
    afterEach(() => site.clear())

    for (const [name, { parties = two, steps }] of Object.entries(flows)) {
      test(name, async (t) => {
        await play(t, site, parties, steps)
        await site.isEmpty()
      })
    }

    test('REFER, and the call that replaces the one before', async (t) => {
      await play(t, site, two, [
        ...pickUp, alice('REFER', { headers: ['Refer-To: <sip:robert@ngpilot.test>'] }), bob(202),
        { check: () => play(t, site, [{ name: 'carol' }, { name: 'robert' }], [
          { by: 'carol', what: 'INVITE', to: ['robert'], sdp: {}, headers: ['Replaces: flow;to-tag=bob;from-tag=alice'] },
          { by: 'robert', what: 200, to: ['carol'], sdp: {} }, { by: 'carol', what: 'ACK', to: ['robert'] },
          { check: ({ hear }) => hear('carol', 'robert') },
          { by: 'carol', what: 'BYE', to: ['robert'] }, { by: 'robert', what: 200, to: ['carol'] },
        ]) },
        hear, ...hangUp,
      ])
      await site.isEmpty()
    })
  })
}
