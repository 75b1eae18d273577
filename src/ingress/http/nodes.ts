import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { Problem } from './schemas.ts'

const example = {
  id: 'n1', address: '192.0.2.10:2223', version: '12.5', state: 'up', reason: 'it answers', since: 1732320000000, sets: ['default'], priority: 0,
  weight: 1, isBusy: false, isDrained: false, calls: 112, freePorts: 19552, roundTripMs: 0.8, inFlight: 0,
}
const Node = Type.Object({
  id: Type.String(),
  address: Type.String({ description: 'HOST:PORT, with its transport before it where that is not UDP' }),
  version: Type.Optional(Type.String({ description: 'Of rtpengine, as it said or as it was set; or the oldest that it can be.' })),
  state: Type.String({ description: 'up, suspect, down, draining or disabled' }),
  reason: Type.String({ description: 'Why the state is what it is.' }),
  since: Type.Number({ description: 'When it began, in milliseconds since 1970.' }),
  sets: Type.Array(Type.String()),
  priority: Type.Number(),
  weight: Type.Number(),
  isBusy: Type.Boolean({ description: 'It refused a new call a moment ago.' }),
  isDrained: Type.Boolean({ description: 'It drains and is empty: nothing is lost when it stops.' }),
  calls: Type.Optional(Type.Number({ description: 'Calls on it; missing while it has not said.' })),
  freePorts: Type.Optional(Type.Number()),
  roundTripMs: Type.Optional(Type.Number()),
  inFlight: Type.Number({ description: 'Commands that wait for its reply.' }),
  down: Type.Optional(Type.Object({
    since: Type.Number({ description: 'In milliseconds since 1970.' }),
    isGone: Type.Boolean({ description: 'Nothing listens at its address: its calls have ended with it. Else they may go on.' }),
  }, { description: 'It is down, whatever else its state says.' })),
  isUnshared: Type.Optional(Type.Boolean({
    description: 'What the operator wants of it is not known to the other instances yet, as their Redis does not answer.',
  })),
}, {
  $id: 'Node',
  examples: [example],
})

/** The fleet, as far as operators may see and change it. */
export interface Nodes {
  nodes (): { id: string }[]
  /** Resolves when it is so here, and the other instances can know it. @throws NgpilotError `not_found` */
  want (id: string, will: 'draining' | 'enabled' | 'disabled'): Promise<void>
}

/** A node that DNS names is called by its host name and port. */
const Id = Type.Object({ id: Type.String({ maxLength: 512 }) })
const problems = { content: { 'application/problem+json': { schema: Problem } }, description: 'What is wrong (RFC 9457).' }

/** The rtpengines: how each fares, and the operator's will with them. */
export function addNodes (app: FastifyInstance, fleet: Nodes): void {
  app.get('/v1/nodes', {
    schema: { summary: 'How each rtpengine fares', response: { 200: Type.Object({ nodes: Type.Array(Node) }, { examples: [{ nodes: [example] }] }) } },
  }, () => ({ nodes: fleet.nodes() }))

  const verbs = [
    ['drain', 'draining', 'No new calls; those it has stay'],
    ['enable', 'enabled', 'End of draining or of being disabled'],
    ['disable', 'disabled', 'No new calls, and it is not asked how it fares'],
  ] as const
  for (const [verb, will, summary] of verbs) {
    app.post(`/v1/nodes/:id/${verb}`, {
      schema: {
        summary, params: Id, response: { 200: Node, default: problems },
        description: 'For all instances that share a Redis, and until it is wanted otherwise; without Redis until ngpilot ends.',
      },
    }, async (request) => {
      const { id } = request.params as Static<typeof Id>
      await fleet.want(id, will)
      return fleet.nodes().find((node) => node.id === id)
    })
  }
}
