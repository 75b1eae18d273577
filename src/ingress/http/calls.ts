import type { FastifyInstance } from 'fastify'
import { Type, type Static } from 'typebox'
import type { Calls } from '../../calls/calls.ts'
import type { Listing } from '../../calls/listing.ts'
import { CallId, problems } from './call-commands.ts'
import { tell } from './told.ts'

const summary = {
  callId: Type.String(),
  node: Type.String({ description: 'The rtpengine that holds the media.' }),
  nodeState: Type.String({ description: 'State of that node; unknown when it is not configured any more.' }),
  isStranded: Type.Boolean({ description: 'Its media are lost; a re-INVITE or the end of the dialog is due.' }),
  strandedBecause: Type.Optional(Type.String({ description: 'Why they are lost.' })),
  createdAt: Type.Number({ description: 'Milliseconds since 1970.' }),
  isEstablished: Type.Boolean({ description: 'A 2xx to the INVITE has passed.' }),
  legs: Type.Array(Type.Object({
    tag: Type.String({ description: 'SIP tag.' }),
    profile: Type.Optional(Type.String({ description: 'What it speaks; missing where the client is trusted (client-flags).' })),
  })),
}
const summaryExample = {
  callId: 'a84b4c76e66710', node: 'n1', nodeState: 'up', isStranded: false, createdAt: 1732320000000, isEstablished: true,
  legs: [{ tag: '9fxced76sl', profile: 'browser' }, { tag: '314159', profile: 'carrier' }],
}
const Summary = Type.Object(summary, { $id: 'CallSummary', examples: [summaryExample] })

const View = Type.Object({
  ...summary,
  revision: Type.String({ description: 'Policy revision that decided the first offer.' }),
  caller: Type.Optional(Type.String({ description: 'Tag of the party that began the call.' })),
  branches: Type.Array(Type.Object({
    branch: Type.String({ description: 'Via branch of the fork, or the caller\'s tag.' }),
    caller: Type.String(),
    callee: Type.String({ description: 'Profile that was offered to.' }),
    state: Type.Optional(Type.String({ description: 'confirmed, cancelled or ended; missing: early.' })),
    exchange: Type.Optional(Type.Object({
      offerer: Type.String(), state: Type.String(), at: Type.Number(),
      cseq: Type.Optional(Type.Number()), callee: Type.Optional(Type.String()),
    }, { description: 'The latest offer and answer (RFC 3264).' })),
  })),
  timeline: Type.Array(Type.Object({
    at: Type.Number({ description: 'Milliseconds since 1970.' }), event: Type.String(), detail: Type.Optional(Type.String()),
  }), { description: 'What happened so far, the latest 32.' }),
}, {
  $id: 'Call',
  examples: [{
    ...summaryExample, revision: 'f00dfeed', caller: '9fxced76sl',
    branches: [{ branch: 'z9hG4bK74bf9', caller: '9fxced76sl', callee: 'carrier', state: 'confirmed' }],
    timeline: [{ at: 1732320000001, event: 'offer', detail: 'browser → carrier' }],
  }],
})

// A query string is text: numbers in it are read below.
const Query = Type.Object({
  limit: Type.Optional(Type.String({
    pattern: '^([1-9]\\d{0,2}|1000)$', title: 'a number from 1 to 1000', description: 'Calls on a page, 1–1000 (100).',
  })),
  after: Type.Optional(Type.String({ maxLength: 256, description: 'What the page before gave as `next`.' })),
  node: Type.Optional(Type.String({ maxLength: 512, description: 'Only calls of this node.' })),
  stranded: Type.Optional(Type.Enum(['', 'true', 'false'], { description: 'Only calls whose media are lost; false: only the others.' })),
}, { additionalProperties: false })

const Page = Type.Object({ calls: Type.Array(Summary), next: Type.Optional(Type.String()) }, {
  examples: [{ calls: [summaryExample], next: '1732320000000-0' }],
})

/** The running calls, as operators see and end them. */
export function addCalls (
  app: FastifyInstance, { calls, listing, deadlineMs }: { calls: Pick<Calls, 'deleteCall'>, listing: Listing, deadlineMs: number },
): void {
  app.get('/v1/calls', {
    schema: {
      summary: 'The running calls',
      description: 'The one that nothing was heard of for longest first. A page may hold fewer than `limit`; `next` tells whether there is more.',
      querystring: Query,
      response: { 200: Page, default: problems },
    },
  }, (request) => {
    const { limit = '100', stranded, ...filter } = request.query as Static<typeof Query>
    tell(request, { command: 'calls' })
    return listing.list({ ...filter, limit: Number(limit), ...(stranded !== undefined && { isStranded: stranded !== 'false' }) })
  })

  app.get('/v1/calls/:id', {
    schema: { summary: 'All that is known of a call', params: CallId, response: { 200: View, default: problems } },
  }, (request) => {
    const { id } = request.params as Static<typeof CallId>
    tell(request, { command: 'call', callId: id })
    return listing.show(id)
  })

  app.delete('/v1/calls/:id', {
    schema: {
      summary: 'End a call on its node',
      description: 'The dialog stays: to end that too, ask the proxy.',
      params: CallId,
      response: { 204: { description: 'It ends, or is not known any more.', type: 'null' }, default: problems },
    },
  }, async (request, reply) => {
    const { id } = request.params as Static<typeof CallId>
    tell(request, { command: 'delete', callId: id })
    await calls.deleteCall({ callId: id, deadline: performance.now() + deadlineMs })
    return reply.code(204).send()
  })
}
