import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import type { StackContext } from '../stack/context.ts'
import { pageFiles } from './bundle.ts'
import { listenerOn } from './listener.ts'
import type { PhoneLeg, Settings } from './web/api.ts'

/** What the page asks for once everything runs; until then its requests wait. */
export interface Backend { settings: Settings, phoneLeg: (callId: string) => Promise<PhoneLeg> }

export interface ServerOptions { port: number, backend: Promise<Backend> }

/**
 * Serves the page on localhost: only there, and over https, do browsers give it the microphone.
 *
 * @returns its port
 * @throws Error that names who has the port
 */
export async function startServer (context: StackContext, { port, backend }: ServerOptions): Promise<number> {
  const app = fastify({ forceCloseConnections: true })
  for (const [path, { type, content }] of await pageFiles()) {
    app.get(path, async (_request, reply) => reply.type(type).header('cache-control', 'no-store').send(content))
  }
  app.get('/settings.json', async () => (await backend).settings)
  app.get<{ Params: { callId: string } }>('/calls/:callId', async ({ params }) => (await backend).phoneLeg(params.callId))
  context.after(() => app.close())
  try {
    await app.listen({ host: '127.0.0.1', port })
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? await portTaken(port) : error
  }
  return (app.server.address() as AddressInfo).port
}

async function portTaken (port: number): Promise<Error> {
  const holder = await listenerOn(port)
  return new Error(`port ${port} is taken${holder ? ` by ${holder}` : ''}. End that, or choose another port: npm run demo -- --port ${port + 1}`)
}
