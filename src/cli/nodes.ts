import { setTimeout as sleep } from 'node:timers/promises'
import { NgpilotError } from '../errors.ts'
import type { NodeView } from '../fleet/node.ts'
import { nodesTable } from '../fleet/table.ts'
import type { Api } from './api.ts'

export type Print = (line: string) => void

/** `ngpilot nodes`: how each rtpengine fares. */
export async function showNodes (api: Pick<Api, 'nodes'>, print: Print): Promise<void> {
  print(nodesTable(await api.nodes(), Date.now()))
}

const wanted = { drain: 'draining', enable: 'up', disable: 'disabled' }

/**
 * `ngpilot drain|enable|disable ID`. With `wait`, a drain ends when the node is empty; each change of its calls is told, and
 * why it cannot tell them.
 */
export async function setNode (
  api: Pick<Api, 'nodes' | 'setNode'>, id: string, verb: keyof typeof wanted,
  { wait = false, everyMs = 1000 }: { wait?: boolean, everyMs?: number }, print: Print,
): Promise<void> {
  let node = await api.setNode(id, verb)
  print(`${id} is ${node.state}${node.state === wanted[verb] ? '' : `: ${node.reason}`}`)
  let told = ''
  while (wait && !node.isDrained) {
    if (node.state !== 'draining') throw new NgpilotError('bad_request', `${id} is not draining any more: it is ${node.state}`)
    const left = leftOn(node)
    if (left !== told) print(left)
    told = left
    await sleep(everyMs)
    const now = (await api.nodes()).find((each) => each.id === id)
    if (!now) break // not listed any more, and forgotten since it was empty
    node = now
  }
  if (wait) print(`${id} is empty`)
}

function leftOn ({ id, calls, reason }: NodeView): string {
  if (calls === undefined) return `${id} does not say how many calls are left (${reason})`
  return `${calls} ${calls === 1 ? 'call' : 'calls'} left`
}
