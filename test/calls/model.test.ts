import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Calls } from '../../src/calls/calls.ts'
import { asNgpilotError } from '../../src/errors.ts'
import { statisticsCommand } from '../../src/ng/commands.ts'
import { phone, request, sdpFile, sip, startCalls } from '../support/calls.ts'
import { createRandom, Model, type Step } from './model.ts'

const sequences = Number(process.env.NGPILOT_TEST_SEQUENCES ?? 60)
const firstSeed = Number(process.env.NGPILOT_TEST_SEED ?? 1)
const mostSteps = 14
const sdp = sdpFile('answer-plain-pcmu')
const held = ['sendonly', 'inactive'].map((direction) => Buffer.from(sdp.toString().replace('a=sendrecv', `a=${direction}`)))

/** CSeq numbers of each end's requests in each dialog, and those of the offers that wait. */
class Numbers {
  readonly latest = new Map<string, number>()
  readonly offers = new Map<number, { method: string, cseq: number }>()
  next (fork: number, by: string): number {
    const number = (this.latest.get(`${fork} ${by}`) ?? 10) + 1
    this.latest.set(`${fork} ${by}`, number)
    return number
  }
}

/** `pick`: any whole number: which of the `methods` an offer takes, and whether it is a hold. */
interface Choice { isLate: boolean, pick: number, methods: readonly string[] }

function messageOf (step: Step, callId: string, numbers: Numbers, { isLate, pick, methods }: Choice) {
  const base = { callId, fromTag: 'a', source: phone, destination: phone }
  if (step.name === 'fail all') return { ...base, sip: sip('INVITE', { status: 486, cseq: 1 }) }
  const { fork } = step
  const [viaBranch, tag] = [`b${fork}`, `t${fork}`]
  switch (step.name) {
    case 'invite': return { ...base, viaBranch, ...!isLate && { sdp }, sip: sip('INVITE', { cseq: 1, branch: 'z1' }) }
    case 'early': return { ...base, viaBranch, toTag: tag, sdp, sip: sip('INVITE', { status: 183, cseq: 1 }) }
    case 'accept': return { ...base, viaBranch, toTag: tag, sdp, sip: sip('INVITE', { status: 200, cseq: 1 }) }
    case 'prack': return { ...base, toTag: tag, sdp, sip: sip('PRACK', { cseq: numbers.next(fork, 'caller') }) }
    case 'ack': return { ...base, toTag: tag, sdp, sip: sip('ACK', { cseq: 1 }) }
    case 'fail': return { ...base, viaBranch, toTag: tag, sip: sip('INVITE', { status: 486, cseq: 1 }) }
  }
  const [from, to] = step.by === 'caller' ? ['a', tag] : [tag, 'a']
  if (step.name === 'bye') return { ...base, fromTag: from, toTag: to, sip: sip('BYE', { cseq: numbers.next(fork, step.by) }) }
  if (step.name === 'offer') {
    const method = methods[pick % methods.length] ?? 'UPDATE'
    const offer = { method, cseq: numbers.next(fork, step.by) }
    const parties = { ...base, fromTag: from, toTag: to }
    return { ...parties, sdp: held[pick % 4] ?? sdp, sip: sip(method, { cseq: offer.cseq }), offer }
  }
  // A reply: From and To are those of the request, which the other end has sent.
  const status = step.name === 'answer' ? 200 : 488
  const { method = 'UPDATE', cseq = 0 } = numbers.offers.get(fork) ?? {}
  const reply = { ...base, fromTag: to, toTag: from, sip: sip(method, { status, cseq }) }
  return status === 200 ? { ...reply, sdp } : reply
}

/** In which requests an offer may come: to a pending one a PRACK brings the answer. */
function methodsOf (step: Step, { forks }: Model): readonly string[] {
  const fork = 'fork' in step ? forks.get(step.fork) : undefined
  if (fork?.state === 'confirmed') return ['UPDATE', 'INVITE']
  const canPrack = step.name === 'offer' && step.by === 'caller' && fork?.pending === undefined
  return canPrack ? ['UPDATE', 'PRACK'] : ['UPDATE']
}

async function outcomeOf (calls: Calls, message: ReturnType<typeof messageOf>): Promise<string> {
  try {
    return (await calls.manage(request(message))).command
  } catch (error) {
    return asNgpilotError(error).code
  }
}

test(`${sequences} random sequences of messages do what the model says, and leave no port and no record`, async (t) => {
  const { calls, ng, node, emptied } = await startCalls(t)
  const counts: Record<string, number> = {}
  for (let seed = firstSeed; seed < firstSeed + sequences; seed++) {
    const random = createRandom(seed)
    const isLate = seed % 4 === 0
    const model = new Model(isLate)
    const numbers = new Numbers()
    const story: string[] = []
    for (let index = 0; index < mostSteps; index++) {
      const steps = model.steps(1 + seed % 3)
      const step = steps[Math.floor(random() * steps.length)] as Step
      const methods = methodsOf(step, model)
      const expected = model.take(step)
      if (expected === 'skip') continue
      const message = messageOf(step, `model-${seed}`, numbers, { isLate, methods, pick: Math.floor(random() * 12) })
      const outcome = await outcomeOf(calls, message)
      if (outcome === 'offer' && 'offer' in message && 'fork' in step) numbers.offers.set(step.fork, message.offer)
      story.push(`${JSON.stringify(step)} → ${outcome}`)
      assert.equal(outcome, expected, `seed ${seed}:\n${story.join('\n')}`)
      counts[`${step.name} → ${outcome}`] = (counts[`${step.name} → ${outcome}`] ?? 0) + 1
    }
    await calls.deleteCall(request({ callId: `model-${seed}` }))
  }
  await emptied()
  const { statistics } = await ng.send(node, statisticsCommand(), { deadline: performance.now() + 1000 })
  const { interfaces } = statistics as { interfaces: { ports: { used: number } }[] }
  assert.deepEqual(interfaces.map(({ ports }) => ports.used), interfaces.map(() => 0))
  for (const [name, count] of Object.entries(counts).sort()) t.diagnostic(`${String(count).padStart(5)} × ${name}`)
})
