import swagger from '@fastify/swagger'
import type { Calls } from '../../calls/calls.ts'
import type { Diagnosis } from '../../calls/diagnosis.ts'
import type { Admission } from '../admission.ts'
import { addAnalyze } from './analyze.ts'
import { addCallCommands } from './call-commands.ts'
import { addCalls } from './calls.ts'
import { addDiagnosis } from './diagnosis.ts'
import { type OperationsDeps, addOperations } from './operations.ts'
import { type Nodes, addNodes } from './nodes.ts'
import { type PolicyControl, addPolicy } from './policy.ts'
import { addRoutes } from './routes.ts'
import { type ServerOptions, createServer } from './server.ts'
import { addTurns } from './turns.ts'
import { addTimeouts, type TimeoutHint } from './timeouts.ts'

export interface HttpOptions extends ServerOptions { host: string, port: number, deadlineMs: number, version: string }

export interface HttpDeps extends OperationsDeps {
  admission: Pick<Admission, 'turn'>
  calls: Calls
  fleet: Nodes
  /** rtpengine says that it has ended a call for want of media. */
  timedOut: TimeoutHint
  diagnosis: Pick<Diagnosis, 'explain'>
  policy: PolicyControl
}

/**
 * Connections that the kernel takes before this process does (listen(2)): as many as it allows by default. Of Node's own 511
 * a busy process leaves none, and who is turned away asks again after 1, 3, 7 s (RFC 6298), whatever its deadline.
 */
const backlog = 4096

/**
 * Starts the HTTP ingress. `close` takes no new request, lets those in flight finish, and closes the sockets.
 * @throws when the address cannot be listened on (in use, not this machine's).
 */
export async function startHttp (options: HttpOptions, deps: HttpDeps) {
  const app = createServer(options)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'ngpilot', version: options.version, description: 'The media control plane for Kamailio and rtpengine.' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      ...(options.token !== undefined && { security: [{ token: [] }] }),
    },
  })
  await app.register((scope, _options, done) => {
    addTurns(scope, deps.admission)
    addRoutes(scope, deps.calls)
    addCallCommands(scope, deps.calls)
    done()
  })
  addCalls(app, { calls: deps.calls, listing: deps.calls.listing, deadlineMs: options.deadlineMs })
  addTimeouts(app, deps.timedOut)
  addNodes(app, deps.fleet)
  await addAnalyze(app)
  addDiagnosis(app, deps.diagnosis)
  addPolicy(app, deps.policy)
  addOperations(app, deps)
  const url = await app.listen({ host: options.host, port: options.port, backlog })
  return { url, close: () => app.close() }
}
