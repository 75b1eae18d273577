import type { FastifyInstance } from 'fastify'

/** What an orchestrator asks: is each part ready? `isDegraded`: it serves, but from memory. `detail` is for a person. */
export interface Readiness {
  isReady: boolean
  isDegraded: boolean
  checks: Record<string, { isReady: boolean, detail: string }>
}

export interface OperationsDeps {
  readiness: () => Promise<Readiness>
  /** The page for Prometheus, and its Content-Type. */
  metrics: () => Promise<{ page: string, contentType: string }>
}

/** The endpoints that machines watch ngpilot by. */
export function addOperations (app: FastifyInstance, { readiness, metrics }: OperationsDeps): void {
  app.get('/healthz', { schema: { summary: 'Is the process alive?' } }, () => ({ status: 'ok' }))

  app.get('/readyz', {
    schema: {
      summary: 'Can it serve calls?',
      response: {
        200: { description: 'It can.', examples: [{ status: 'ready', checks: { store: { isReady: true, detail: 'answers' } } }] },
        503: {
          description: 'It cannot; `checks` says which part is not ready and why.',
          examples: [{ status: 'not ready', checks: { 'rtpengine n1': { isReady: false, detail: 'down: it answers no command' } } }],
        },
      },
    },
  }, async (_request, reply) => {
    const { isReady, isDegraded, checks } = await readiness()
    return reply.code(isReady ? 200 : 503).send({ status: !isReady ? 'not ready' : isDegraded ? 'degraded' : 'ready', checks })
  })

  app.get('/metrics', { schema: { summary: 'Metrics for Prometheus' } }, async (_request, reply) => {
    const { page, contentType } = await metrics()
    return reply.type(contentType).send(page)
  })

  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
}
