import { createHash } from 'node:crypto'
import type * as Compile from '../../src/policy/compile.ts'
import type * as Decide from '../../src/policy/decide.ts'
import type { PolicyFile } from '../../src/policy/schema.ts'
import type { CallFacts, Policy } from '../../src/policy/types.ts'
import { factsOfSdp } from '../../src/sdp/facts.ts'
import { parseSdp } from '../../src/sdp/parse.ts'
import { sdpFile } from '../support/calls.ts'
import { table } from './table.ts'

// As it is run: built. What runs TypeScript unbuilt adds a call for each function that is made.
const built = async (name: string): Promise<unknown> => import(new URL(`../../dist/policy/${name}.js`, import.meta.url).href)
const { compile } = await built('compile') as typeof Compile
const { decide } = await built('decide') as typeof Decide

/**
 * What a decision costs, by the number of rules and endpoints: the best of many windows, on one core. One call hits two
 * rules, the other none; the last rows have no condition that could be looked up, so that each rule has to be tried.
 */
function benchDecide (): string {
  const rows = ['by vars, address and user', 'by expression or share alone'].flatMap((kind, index) => [10, 100, 1000, 10_000].map((count) => {
    const policy = policyOf(count, index === 0)
    const times = [['acme-5', '198.51.100.5', '1905'], ['none', '192.0.2.1', 'alice']].map(([trunk = '', address = '', user = '']) => {
      return microseconds(policy, factsOf(trunk, address, user))
    })
    return [`${count} rules ${kind}`, ...times.map((time) => time.toFixed(2))]
  }))
  return table(['decision', 'matches µs', 'matches nothing µs'], rows)
}

function policyOf (count: number, isLookedUp: boolean): Policy {
  const rules: PolicyFile['rules'] = Array.from({ length: count }, (_, index) => {
    const name = `rule-${index}`
    if (!isLookedUp) return { name, match: index % 50 === 0 ? { when: `vars.trunk == "acme-${index}"` } : { percent: 0.000_001, caller: 'webrtc' } }
    if (index % 3 === 0) return { name, match: { vars: { trunk: `acme-${index}` } }, set: { 'record-call': true } }
    if (index % 3 === 1) return { name, match: { to: { user: { prefix: String(1000 + index) } }, callee: 'carrier' }, set: { 'record-call': true } }
    return { name, match: { caller: 'browser', vars: { trunk: `acme-${index}` } }, set: { ng: { TOS: 184 } } }
  })
  const value: PolicyFile = {
    version: 1,
    profiles: {
      browser: { extends: 'webrtc', codecs: ['opus', 'PCMU', 'telephone-event'] },
      carrier: { extends: 'sip', codecs: ['PCMU', 'telephone-event'] },
    },
    endpoints: [
      { profile: 'browser', match: { transport: ['ws', 'wss'] } },
      ...Array.from({ length: isLookedUp ? count : 10 }, (_, index) => {
        return { profile: 'carrier', match: { address: `198.${51 + (index >> 8)}.100.${index & 255}` } }
      }),
      { profile: 'carrier' },
    ],
    rules,
  }
  const revision = createHash('sha256').update(String(count)).digest('hex')
  return { revision, ...compile([{ value, place: () => ({ file: 'bench', line: 1, column: 1 }) }]) }
}

function factsOf (trunk: string, address: string, user: string): CallFacts {
  const uri = { text: `sip:${user}@example.com`, user, host: 'example.com' }
  return {
    command: 'offer', callId: 'bench@example.com', at: 0, caller: 'sender', vars: { trunk },
    sender: { transport: 'wss', address: '203.0.113.9' }, receiver: { transport: 'udp', address },
    sip: { method: 'INVITE', requestUri: uri, to: uri, from: { text: 'sip:bob@example.com', user: 'bob', host: 'example.com' } },
    sdp: factsOfSdp(parseSdp(sdpFile('chromium-audio-gathered-loopback'))),
  }
}

function microseconds (policy: Policy, facts: CallFacts): number {
  let best = Infinity
  for (let window = 0; window < 40; window++) {
    const begin = performance.now()
    let done = 0
    while (performance.now() - begin < 10) for (let index = 0; index < 20; index++, done++) decide(policy, facts)
    best = Math.min(best, (performance.now() - begin) / done * 1000)
  }
  return best
}

console.log(benchDecide())
