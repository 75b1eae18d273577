import type { FastifyInstance } from 'fastify'
import { Type, type Static } from 'typebox'
import type { Diagnosis } from '../../calls/diagnosis.ts'
import { Problem } from './schemas.ts'
import { tell } from './told.ts'

const Id = Type.Object({ id: Type.String({ minLength: 1, maxLength: 512 }) })

const example = {
  callId: 'a84b4c76e66710', state: 'up', node: 'n1', revision: '874bab89ec78', startedAt: 1732320000000, answeredAt: 1732320004000,
  legs: [{ role: 'caller', tag: '9fxced76sl', profile: 'browser', agreedCodec: 'PCMU' }], timeline: [], media: [], exchanges: [], findings: [],
}

/** Why a call has no audio: everything that is known of it. */
export function addDiagnosis (app: FastifyInstance, diagnosis: Pick<Diagnosis, 'explain'>): void {
  app.get('/v1/calls/:id/diagnosis', {
    schema: {
      summary: 'Explain a call',
      description: 'Legs, policy, timeline, media, each SDP as it came and as it went on (keys masked), and what the diagnosis '
        + 'found. Also of a call that has ended, for a while. Instances that share a Redis ask each other.',
      params: Id,
      response: {
        200: Type.Unsafe<object>({ type: 'object', additionalProperties: true, description: 'CallExplanation', examples: [example] }),
        default: { content: { 'application/problem+json': { schema: Problem } }, description: 'What is wrong (RFC 9457).' },
      },
    },
  }, async (request) => {
    const { id } = request.params as Static<typeof Id>
    tell(request, { command: 'explain', callId: id })
    return diagnosis.explain(id)
  })
}
