import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { analyzeAside } from '../../analyze/aside.ts'
import { NgpilotError } from '../../errors.ts'
import { Problem } from './schemas.ts'

/** Bigger traces are for the command line: this machine has calls to serve. */
const mostBytes = 4 * 1024 * 1024

const Leg = Type.String({ maxLength: 128 })
const problems = { content: { 'application/problem+json': { schema: Problem } }, description: 'What is wrong (RFC 9457).' }

const example = {
  kind: 'text', messages: 7, methods: { INVITE: 5, BYE: 2 }, problems: [],
  summary: { calls: 1, withErrors: 0, withWarnings: 0, findings: [] },
  calls: [{
    callIds: ['a84b4c76e66710'], outcome: { state: 'answered', afterSeconds: 2.4, upSeconds: 31 }, legs: [{ name: '198.51.100.7', kind: 'web', by: 'by the SDP that it sent' }], middle: ['192.0.2.1'],
    messages: [], findings: [],
  }],
}

/** What is wrong with the calls in a trace, for whoever has no shell here. One trace at a time. */
export async function addAnalyze (app: FastifyInstance): Promise<void> {
  let isBusy = false
  await app.register((scope, _options, done) => {
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => { parsed(null, body) })
    scope.post('/v1/analyze', {
      bodyLimit: mostBytes,
      config: { whenTooLarge: 'look at it with ngpilot analyze FILE' },
      schema: {
        summary: 'Find what is wrong with the calls in a trace',
        description: 'The body is a capture (pcap, pcapng), a log or an exported table with SIP in it, an SDP, or an offer and its answer; at most 4 MB, 15 s and 256 MB of memory. '
          + 'The answer is what ngpilot analyze --json prints: calls, messages, findings by gravity, and how many calls have each (`summary`). Keys are masked.',
        querystring: Type.Object({
          leg: Type.Optional(Type.Union([Leg, Type.Array(Leg, { maxItems: 32 })], {
            description: 'What an endpoint is: 192.0.2.1=web, or plain for all that cannot be recognised. May come more than once.',
          })),
        }, { additionalProperties: false }),
        response: { 200: { description: 'The report.', examples: [example] }, default: problems },
      },
    }, async (request) => {
      if (!Buffer.isBuffer(request.body)) throw new NgpilotError('unsupported_media_type', 'send the trace as application/octet-stream or text/plain')
      if (isBusy) throw new NgpilotError('overloaded', 'another trace is being looked at; try again in a moment')
      const { leg = [] } = request.query as { leg?: string | string[] }
      isBusy = true
      try {
        return await analyzeAside(request.body, typeof leg === 'string' ? [leg] : leg)
      } finally {
        isBusy = false
      }
    })
    done()
  })
}
