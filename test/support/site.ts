import { setTimeout as sleep } from 'node:timers/promises'
import { NgClient } from '../../src/ng/client.ts'
import { listCommand } from '../../src/ng/commands.ts'
import type { StackContext } from '../../stack/context.ts'
import { startKamailio } from '../../stack/kamailio.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { ensureTree, type Release } from '../../stack/tree.ts'

export interface SiteOptions {
  /** Settings of ngpilot. */
  env?: Record<string, string>
  /** The Debian whose rtpengine it is. Default: 13. */
  release?: Release
}

/** A whole site on loopback: Kamailio, ngpilot and rtpengine, with the configurations that ship. */
export async function startSite (t: StackContext, { env = {}, release }: SiteOptions = {}) {
  const rtpengine = await startRtpengine(t, { ...(release && { tree: await ensureTree({ release }) }) })
  const ngpilot = await startNgpilot(t, {
    env: { NGPILOT_RTPENGINE_NODES: `n1=${rtpengine.address}:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: 'policy', ...env },
  })
  const kamailio = await startKamailio(t, { domain: 'ngpilot.test', settings: { NGPILOT_URL: ngpilot.url } })
  const ng = new NgClient({ instanceId: 'test' })
  t.after(() => ng.close())
  const node = { id: 'n1', host: rtpengine.address, port: rtpengine.port }

  /** The value of one line of `/metrics`: name and labels as they stand there. */
  const metric = async (name: string) => {
    const page = await (await fetch(`${ngpilot.url}/metrics`)).text()
    const line = page.split('\n').find((each) => each.startsWith(`${name} `))
    return line === undefined ? undefined : Number(line.slice(name.length + 1))
  }
  const left = async () => {
    const { calls } = await ng.send(node, listCommand(), { deadline: performance.now() + 1000 })
    return { onNode: calls as string[], inStore: await metric('ngpilot_calls') }
  }
  /** Waits until neither rtpengine nor the store holds a call. */
  const isEmpty = async () => {
    for (let tries = 0; tries < 100; tries++) {
      const { onNode, inStore } = await left()
      if (onNode.length === 0 && inStore === 0) return
      await sleep(50)
    }
    throw new Error(`calls are left: ${JSON.stringify(await left())}\n${ngpilot.logs()}\n${kamailio.logs()}`)
  }
  return { rtpengine, ngpilot, kamailio, metric, left, isEmpty }
}

export type Site = Awaited<ReturnType<typeof startSite>>
