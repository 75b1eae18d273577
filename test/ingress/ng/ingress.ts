import type { TestContext } from 'node:test'
import { startNg } from '../../../src/ingress/ng/ng.ts'
import { startAdmission } from '../../support/admission.ts'
import { type StartCallsOptions, startCalls } from '../../support/calls.ts'
import { startNgCaller } from '../../support/ng-caller.ts'

export interface IngressOptions extends StartCallsOptions {
  /** Default: 127.0.0.1. */
  host?: string
  deadlineMs?: number
}

/** The NG ingress on calls with a memory store and a real rtpengine, and a client that asks it over UDP. */
export async function startIngress (t: TestContext, { host = '127.0.0.1', deadlineMs = 2000, ...given }: IngressOptions = {}) {
  const site = await startCalls(t, given)
  const told: string[] = []
  const ingress = await startNg({
    listen: [{ transport: 'udp', host, port: 0 }, { transport: 'ws', host, port: 0 }], allow: [],
    calls: site.calls, admission: startAdmission(t, deadlineMs),
    observer: {
      answered: (_, command, result) => { told.push(`${command} ${result}`) },
      repeated: () => { told.push('repeated') },
      ignored: (reason) => { told.push(`ignored: ${reason}`) },
    },
    log: { info: () => undefined, warn: () => undefined },
  })
  t.after(() => ingress.close())
  const [port = 0, wsPort = 0] = ingress.urls.map((url) => Number(url.split(':').at(-1)))
  return { ...site, told, ingress, port, wsPort, caller: await startNgCaller(t, { host, port }) }
}

/** What Kamailio's module puts into every command about a message. */
export const kamailio = { supports: ['load limit'], 'received-from': ['IP4', '127.0.0.1'] }

/** A policy in which the client's own flags are all that counts. */
export const trusting = 'rules: [{ name: the-client-knows, set: { client-flags: trust } }]\n'
