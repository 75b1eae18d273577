import { setTimeout as sleep } from 'node:timers/promises'
import { NgClient } from '../../src/ng/client.ts'
import { listCommand, queryCommand } from '../../src/ng/commands.ts'
import type { StackContext } from '../../stack/context.ts'
import { type MediaWay, startKamailio } from '../../stack/kamailio.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { freePort } from '../../stack/ports.ts'
import { type Rtpengine, startRtpengine } from '../../stack/rtpengine.ts'
import { ensureTree, type Release } from '../../stack/tree.ts'

export interface SiteOptions {
  /** Further settings of ngpilot. */
  env?: Record<string, string>
  /** How Kamailio asks. Default: http. */
  way?: MediaWay
  /** The Debian whose rtpengine it is. Default: NGPILOT_TEST_RELEASE, else 13. */
  release?: Release
  kamailioRelease?: Release
  /** Further settings of Kamailio, and further options of rtpengine. */
  settings?: Record<string, string>
  /** Files of Kamailio's beside those that ship, or instead of one of them. */
  files?: Record<string, string>
  rtpengineArgs?: readonly string[]
  /** Other rtpengines beside n1: n2, n3 … */
  others?: readonly Rtpengine[]
}

/** A whole site on loopback: Kamailio, ngpilot and rtpengine, with the configurations that ship. */
export async function startSite (t: StackContext, options: SiteOptions = {}) {
  const { env = {}, way = 'http', release = usualRelease(), kamailioRelease, settings = {}, files = {}, rtpengineArgs = [], others = [] } = options
  const rtpengine = await startRtpengine(t, { ...(release && { tree: await ensureTree({ release }) }), args: rtpengineArgs })
  const nodes = [rtpengine, ...others].map(({ address, port }, index) => ({ id: `n${index + 1}`, host: address, port }))
  const [evapiPort, ngPort] = [await freePort(), await freePort()]
  const ngpilot = await startNgpilot(t, {
    env: {
      NGPILOT_RTPENGINE_NODES: nodes.map(({ id, host, port }) => `${id}=${host}:${port}`).join(','), NGPILOT_POLICY_DIRECTORY: 'policy',
      ...(way === 'evapi' && { NGPILOT_EVAPI_KAMAILIOS: `k1=127.0.0.1:${evapiPort}` }),
      ...(way === 'ng' && { NGPILOT_NG_LISTEN: `127.0.0.1:${ngPort}` }),
      ...(way === 'ws' && { NGPILOT_NG_LISTEN: `ws:127.0.0.1:${ngPort}` }),
      ...env,
    },
  })
  const kamailio = await startKamailio(t, {
    domain: 'ngpilot.test', way, evapiPort, files, ...(kamailioRelease && { tree: await ensureTree({ release: kamailioRelease }) }),
    settings: { NGPILOT_URL: ngpilot.url, NGPILOT_NG: `${way === 'ws' ? 'ws://' : 'udp:'}127.0.0.1:${ngPort}`, ...settings },
  })
  const ng = new NgClient({ instanceId: 'test' })
  t.after(() => ng.close())
  const node = { id: 'n1', host: rtpengine.address, port: rtpengine.port }

  /** The value of one line of `/metrics`: name and labels as they stand there. */
  const metric = async (name: string) => {
    const page = await (await fetch(`${ngpilot.url}/metrics`)).text()
    const line = page.split('\n').find((each) => each.startsWith(`${name} `))
    return line === undefined ? undefined : Number(line.slice(name.length + 1))
  }
  for (let tries = 0; way === 'evapi' && await metric('ngpilot_evapi_up{kamailio="k1"}') !== 1; tries++) {
    if (tries === 200) throw new Error(`ngpilot is not connected to Kamailio:\n${ngpilot.logs()}\n${kamailio.logs()}`)
    await sleep(50)
  }
  const left = async () => {
    const deadline = performance.now() + 1000
    const listed = await Promise.all(nodes.map((each) => ng.send(each, listCommand(), { deadline })))
    return { onNode: listed.flatMap(({ calls }) => calls as string[]), inStore: await metric('ngpilot_calls') }
  }
  /** Waits until neither any rtpengine nor the store holds a call. */
  const isEmpty = async () => {
    for (let tries = 0; tries < 100; tries++) {
      const { onNode, inStore } = await left()
      if (onNode.length === 0 && inStore === 0) return
      await sleep(50)
    }
    throw new Error(`calls are left: ${JSON.stringify(await left())}\n${ngpilot.logs()}\n${kamailio.logs()}`)
  }
  /** Ends what a test that failed has left, so that the next one does not fail too. */
  const clear = async () => {
    const page = await (await fetch(`${ngpilot.url}/v1/calls?limit=1000`)).json() as { calls: { callId: string }[] }
    const callIds = new Set([...page.calls.map(({ callId }) => callId), ...(await left()).onNode])
    for (const callId of callIds) await fetch(`${ngpilot.url}/v1/calls/${encodeURIComponent(callId)}`, { method: 'DELETE' })
    if (callIds.size > 0) await isEmpty()
  }
  /** Waits until the store has so many calls, whatever the node says. */
  const holdsInStore = async (count: number) => {
    for (let tries = 0; tries < 100; tries++) {
      if (await metric('ngpilot_calls') === count) return
      await sleep(50)
    }
    throw new Error(`the store should hold ${count} calls\n${ngpilot.logs()}\n${kamailio.logs()}`)
  }
  /** Waits until these are the calls at the node. */
  const has = async (callIds: readonly string[]) => {
    const wanted = JSON.stringify([...callIds].sort())
    for (let tries = 0; tries < 100; tries++) {
      if (JSON.stringify((await left()).onNode.sort()) === wanted) return
      await sleep(50)
    }
    throw new Error(`should be ${wanted}: ${JSON.stringify(await left())}\n${ngpilot.logs()}\n${kamailio.logs()}`)
  }
  /** Waits until the node has closed the port of one SDP, while that of another is open still. */
  const holds = async (kept: string, closed: string) => {
    const portOf = (sdp: string) => Number(/^m=audio (\d+)/m.exec(sdp)?.[1])
    for (let tries = 0; tries < 100; tries++) {
      const { calls } = await ng.send(node, listCommand(), { deadline: performance.now() + 1000 })
      const [callId = ''] = calls as string[]
      const { tags } = await ng.send(node, queryCommand({ callId }), { deadline: performance.now() + 1000 })
      const open = JSON.stringify(tags)
      const has = (sdp: string) => open.includes(`"local port":${portOf(sdp)},`)
      if (has(kept) && !has(closed)) return
      await sleep(50)
    }
    throw new Error(`${portOf(kept)} should be open, ${portOf(closed)} closed`)
  }
  return { has, holdsInStore, holds, clear, rtpengine, ngpilot, kamailio, metric, left, isEmpty }
}

export type Site = Awaited<ReturnType<typeof startSite>>

/** `npm run test:calls` tries each. */
function usualRelease (): Release | undefined {
  return process.env.NGPILOT_TEST_RELEASE as Release | undefined
}
