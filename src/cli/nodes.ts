import { setTimeout as sleep } from 'node:timers/promises'
import { NgpilotError } from '../errors.ts'
import { nodesTable } from '../fleet/table.ts'
import type { Api } from './api.ts'

export type Print = (line: string) => void

/** `ngpilot nodes`: how each rtpengine fares. */
export async function showNodes (api: Pick<Api, 'nodes'>, print: Print): Promise<void> {
  print(nodesTable(await api.nodes(), Date.now()))
}

/** `ngpilot drain|enable|disable ID`. With `wait`, a drain ends when the node is empty; each change of its calls is told. */
export async function setNode (
  api: Api, id: string, verb: 'drain' | 'enable' | 'disable', { wait = false, everyMs = 1000 }: { wait?: boolean, everyMs?: number }, print: Print,
): Promise<void> {
  let node = await api.setNode(id, verb)
  print(`${id} is ${node.state}`)
  let told: number | undefined
  while (wait && !node.isDrained) {
    if (node.state !== 'draining') throw new NgpilotError('bad_request', `${id} is not draining any more: it is ${node.state}`)
    if (node.calls !== told) print(`${node.calls ?? 'unknown'} calls left`)
    told = node.calls
    await sleep(everyMs)
    const now = (await api.nodes()).find((each) => each.id === id)
    if (!now) break // not listed any more, and forgotten since it was empty
    node = now
  }
  if (wait) print(`${id} is empty`)
}
