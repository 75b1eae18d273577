import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile, type CompileSource } from '../../src/policy/compile.ts'
import { decide, explain } from '../../src/policy/decide.ts'
import { presetNames } from '../../src/policy/presets.ts'
import type { PolicyFile } from '../../src/policy/schema.ts'
import type { CallFacts, Policy } from '../../src/policy/types.ts'
import { uriFacts } from '../../src/policy/uri.ts'
import { checkNgDictionary } from '../../src/ng/vocabulary.ts'
import { codecs } from './offers.ts'

/** xorshift32: the same numbers for the same seed. */
function randomFrom (seed: number) {
  let state = seed * 2_654_435_761 >>> 0 || 1
  const next = (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
  const pick = <Item>(items: readonly Item[]): Item => items[next(items.length)] as Item
  return { next, pick, some: <Item>(items: readonly Item[]) => items.filter(() => next(3) === 0) }
}

type Random = ReturnType<typeof randomFrom>

const trunks = ['acme', 'beta', 'gamma', '', 'constructor']
const addresses = ['192.0.2.1', '198.51.100.7', '2001:db8::1', '::ffff:192.0.2.1', 'host.example', '', '[::1]']
const users = ['1900123', '+4930123', 'alice', '', '\u0000', '💬']

function randomFacts (random: Random): CallFacts {
  const { next, pick, some } = random
  const leg = () => ({
    ...next(2) && { profile: pick([...presetNames, 'gone', '__proto__']) },
    ...next(2) && { transport: pick(['udp', 'WSS', 'tls', 'x']) },
    ...next(2) && { address: pick(addresses) },
    ...next(3) === 0 && { vars: { trunk: pick(trunks) } },
  })
  const uri = () => uriFacts(`sip:${pick(users)}@${pick(['example.com', 'gw.example.com', '[::1]'])}`)
  return {
    command: pick(['offer', 'answer']), callId: String(next(1e6)), at: next(2 ** 31) * 1000, caller: pick(['sender', 'receiver']),
    sender: leg(), receiver: leg(), vars: next(2) ? { trunk: pick(trunks) } : {},
    ...next(4) && { sip: { method: pick(['INVITE', 'UPDATE']), ...next(2) && { status: 200 }, from: uri(), to: uri(), headers: { 'x-a': pick(trunks) } } },
    ...next(5) && {
      sdp: {
        codecs: some(codecs('opus/48000 PCMU/8000 PCMA/8000 G729/8000 G722/16000 AMR-WB/16000 EVS/16000 red/48000 telephone-event/8000 telephone-event/48000 x/1')),
        media: some(['audio', 'video', 'application', 'image']), hasIce: next(2) === 0, hasDtls: next(2) === 0, hasSdes: next(2) === 0, isPrivate: false,
      },
    },
  }
}

function randomFile (random: Random, name: string): PolicyFile {
  const { next, pick, some } = random
  return {
    version: 1,
    profiles: { [`${name}-a`]: { extends: pick(presetNames), ptime: 20 }, [`${name}-b`]: { extends: `${name}-a`, 'record-call': true, tos: next(256) } },
    endpoints: Array.from({ length: next(12) }, () => ({
      profile: pick([`${name}-a`, `${name}-b`, ...presetNames]),
      match: pick([
        { transport: 'wss' as const }, { address: pick(['192.0.2.0/24', '2001:db8::/32', '198.51.100.7']) }, { vars: { trunk: pick(trunks) } },
        { to: { user: { prefix: '1900' } } }, { when: 'leg.vars.trunk == "acme"' },
      ]),
    })),
    rules: Array.from({ length: next(20) }, (_, index) => ({
      name: `${name}-${index}`,
      match: pick([
        { caller: pick(presetNames) }, { callee: some(presetNames).concat('webrtc') }, { vars: { trunk: pick(trunks) }, command: 'offer' as const },
        { percent: 1 + next(99) }, { to: { user: { prefix: pick(['19', '+4', 'al']) } } }, { when: 'sdp.hasIce || vars.trunk == "beta"' },
        { when: 'vars.trunk == "acme" || vars["trunk"] in ["beta", "constructor"]' }, { when: 'vars.trunk == ""' },
        { when: '"alice" == sip.to.user && sdp.media.exists(kind, kind == "video")' }, { when: 'sip.headers["x-a"] == "acme"' },
        { header: { 'X-A': { present: true } } }, { sender: { address: '192.0.2.0/24' } }, { time: { days: 'mon-fri' as const, zone: 'Europe/Berlin' } },
      ]),
      set: pick([
        { ng: { TOS: next(256) } }, { callee: { codecs: ['G729', 'telephone-event'] } }, { 'on-node-loss': 're-anchor' as const }, { caller: { ptime: 30 } },
      ]),
    })),
  }
}

const sourceOf = (value: PolicyFile): CompileSource => ({ value, place: () => ({ file: 'x', line: 1, column: 1 }) })
const policyFrom = (files: readonly PolicyFile[]): Policy => ({ revision: 'r', ...compile(files.map(sourceOf)) })

test('every decision is made, made again the same, and explained as it was made', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomFrom(seed)
    const policy = policyFrom(['a', 'b'].map((name) => randomFile(random, name)))
    for (let round = 0; round < 40; round++) {
      const facts = randomFacts(random)
      const first = decide(policy, facts)
      assert.deepEqual(decide(policy, structuredClone(facts)), first, `seed ${seed}`)
      // `explain` tries every rule; `decide` looks them up.
      const { decision, origins } = explain(policy, facts)
      assert.deepEqual(decision, first, `seed ${seed}`)
      assert.deepEqual(new Set(origins.map(({ path }) => path.split('.')[0])), new Set(Object.keys(first.flags)), `seed ${seed}`)
      assert.deepEqual(checkNgDictionary(first.flags), [], `seed ${seed}`)
    }
  }
})

test('files merge in their order, whichever of them are merged first', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = randomFrom(seed)
    const [a, b, c] = ['a', 'b', 'c'].map((name) => randomFile(random, name)) as [PolicyFile, PolicyFile, PolicyFile]
    const whole = policyFrom([a, b, c])
    for (const grouped of [policyFrom([joined(a, b), c]), policyFrom([a, joined(b, c)])]) {
      assert.deepEqual(grouped.endpoints.map(({ name }) => name), whole.endpoints.map(({ name }) => name))
      for (let round = 0; round < 10; round++) {
        const facts = randomFacts(random)
        assert.deepEqual(decide(grouped, facts), decide(whole, facts), `seed ${seed}`)
      }
    }
  }
})

/** Two files as one: maps together, lists one after the other. */
function joined (one: PolicyFile, other: PolicyFile): PolicyFile {
  return {
    version: 1,
    profiles: { ...one.profiles, ...other.profiles },
    endpoints: [...one.endpoints ?? [], ...other.endpoints ?? []],
    rules: [...one.rules ?? [], ...other.rules ?? []],
  }
}
