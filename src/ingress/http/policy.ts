import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { Problem } from './schemas.ts'
import { tell } from './told.ts'

const optional = Type.Optional
const PolicyState = Type.Object({
  revision: Type.String({ description: 'Of the policy that decides for new calls.' }),
  since: Type.String({ description: 'When it began to.' }),
  directory: Type.String(),
  isFallback: Type.Boolean({ description: 'The files were refused at the start, and the last good policy serves.' }),
  isPromoted: Type.Boolean({ description: 'The candidate serves in place of the files of the directory.' }),
  problem: optional(Type.String({ description: 'Why the latest files are refused.' })),
  warnings: Type.Array(Type.String(), { description: 'What is amiss although it serves: rules for sets of nodes that no rtpengine is in.' }),
  candidate: optional(Type.Object({
    directory: Type.String(),
    percent: Type.Number({ description: 'Of new calls that it decides for; 0: it is only asked.' }),
    revision: optional(Type.String()),
    problem: optional(Type.String()),
  })),
}, {
  $id: 'PolicyState',
  examples: [{
    revision: '874bab89ec78', since: '2026-01-01T10:00:00.000Z', directory: '/etc/ngpilot/policy', isFallback: false, isPromoted: false,
    warnings: [],
    candidate: { directory: '/etc/ngpilot/candidate', percent: 5, revision: '1f2e3d4c5b6a' },
  }],
})

/** The policy, as far as operators may see and change it. */
export interface PolicyControl {
  status (): Static<typeof PolicyState>
  reload (): Promise<void>
  setCanary (percent: number): void
  promote (): Promise<void>
  rollBack (): Promise<void>
  /** Each decision on a call with all that led to it. @throws NgpilotError `call_unknown` */
  explainDecisions (callId: string): object[]
}

const Id = Type.Object({ id: Type.String({ minLength: 1, maxLength: 512 }) })
const Explained = Type.Object({
  decisions: Type.Array(Type.Unsafe<object>({ type: 'object', additionalProperties: true, description: 'DecisionExplanation' })),
}, {
  examples: [{
    decisions: [{
      id: '0a1b2c0', sender: 'browser', receiver: 'carrier', flags: { ICE: 'remove', 'transport-protocol': 'RTP/AVP' },
      legs: { sender: { profile: 'browser', by: 'endpoint' }, receiver: { profile: 'carrier', by: 'endpoint' } }, tried: [], origins: [],
    }],
  }],
})

const Canary = Type.Object({ percent: Type.Number({ minimum: 0, maximum: 100 }) }, {
  additionalProperties: false, examples: [{ percent: 5 }],
})
const problems = { content: { 'application/problem+json': { schema: Problem } }, description: 'What is wrong (RFC 9457).' }
const response = { 200: PolicyState, default: problems }

/** Which policy decides, and the way of a candidate to become it. */
export function addPolicy (app: FastifyInstance, policy: PolicyControl): void {
  app.get('/v1/policy', { schema: { summary: 'Which policy decides', response } }, () => policy.status())

  app.get('/v1/calls/:id/decisions', {
    schema: {
      summary: 'Explain the policy decisions on a call',
      description: 'For each offer and answer: the facts, each endpoint and rule that was looked at and why it matched or not, and '
        + 'where each NG key comes from. Each instance knows the decisions that it made itself, of the latest calls.',
      params: Id,
      response: { 200: Explained, default: problems },
    },
  }, (request) => {
    const { id } = request.params as Static<typeof Id>
    tell(request, { command: 'explain', callId: id })
    return { decisions: policy.explainDecisions(id) }
  })
  app.post('/v1/policy/reload', { schema: { summary: 'Load the files anew', response } }, async () => {
    await policy.reload()
    return policy.status()
  })
  app.post('/v1/policy/canary', {
    schema: { summary: 'Give the candidate so many percent of new calls', body: Canary, response },
  }, (request) => {
    policy.setCanary((request.body as Static<typeof Canary>).percent)
    return policy.status()
  })
  app.post('/v1/policy/promote', { schema: { summary: 'The candidate decides for all calls', response } }, async () => {
    await policy.promote()
    return policy.status()
  })
  app.post('/v1/policy/rollback', { schema: { summary: 'The candidate decides for no call', response } }, async () => {
    await policy.rollBack()
    return policy.status()
  })
}
