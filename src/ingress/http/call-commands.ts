import type { FastifyInstance } from 'fastify'
import { Type, type Static } from 'typebox'
import type { Calls } from '../../calls/calls.ts'
import { callCommandOf, callCommands, type CallCommandName, type CommandShape } from '../../calls/commands.ts'
import { commandSchema } from '../command-schemas.ts'
import { plainOf } from '../plain.ts'
import { Problem } from './schemas.ts'
import { tell } from './told.ts'
import { deadlineOf } from './turns.ts'

export const CallId = Type.Object({ id: Type.String({ minLength: 1, maxLength: 512, description: 'SIP Call-ID.' }) })
export const problems = { content: { 'application/problem+json': { schema: Problem } }, description: 'What is wrong (RFC 9457).' }

const Reply = Type.Object({
  node: Type.String({ description: 'The rtpengine that has the call.' }),
  reply: Type.Record(Type.String(), Type.Unknown(), { description: 'What it answered, by its own keys.' }),
}, { $id: 'CallCommandReply', examples: [{ node: 'n1', reply: { result: 'ok' } }] })

/** Every NG command on a running call, each under its own path: `POST /v1/calls/ID/block-media`. */
export function addCallCommands (app: FastifyInstance, calls: Pick<Calls, 'command'>): void {
  for (const name of Object.keys(callCommands) as CallCommandName[]) {
    const { summary }: CommandShape = callCommands[name]
    app.post(`/v1/calls/:id/${name}`, {
      schema: { summary, params: CallId, body: commandSchema(name), response: { 200: Reply, default: problems } },
      // A command without anything to say needs no body.
      preValidation: (request, _reply, done) => {
        request.body ??= {}
        done()
      },
    }, async (request) => {
      const { id } = request.params as Static<typeof CallId>
      tell(request, { command: name, callId: id })
      const command = callCommandOf(name, request.body as Record<string, unknown>)
      const { node, reply } = await calls.command({ callId: id, command, deadline: deadlineOf(request) })
      tell(request, { node })
      return { node, reply: plainOf(reply) }
    })
  }
}
