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

export interface WaitOptions {
  wait?: boolean
  everyMs?: number
  /** A node whose process has ended may be starting anew: so long it is waited for. */
  goneAfterMs?: number
  /** One that is silent may answer again. */
  silentAfterMs?: number
}

/**
 * `ngpilot drain|enable|disable ID`. With `wait`, a drain ends when the node is empty, or its process has ended and its
 * calls with it; each change of its calls is told, and why it cannot tell them.
 *
 * @throws NgpilotError `ng_timeout` for a node that stays silent: its calls may go on, and nobody can tell.
 */
export async function setNode (
  api: Pick<Api, 'nodes' | 'setNode'>, id: string, verb: keyof typeof wanted,
  { wait = false, everyMs = 1000, goneAfterMs = 10_000, silentAfterMs = 30_000 }: WaitOptions,
  print: Print,
): Promise<void> {
  let node = await api.setNode(id, verb)
  print(`${id} is ${node.state}${node.state === wanted[verb] ? '' : `: ${node.reason}`}`)
  if (node.isUnshared) print('the other ngpilots do not know it yet: their Redis does not answer')
  let told = ''
  let answeredAt = performance.now()
  while (wait && !node.isDrained) {
    if (node.state !== 'draining') throw new NgpilotError('bad_request', `${id} is not draining any more: it is ${node.state}`)
    const left = leftOn(node)
    if (left !== told) print(left)
    told = left
    if (!node.down) answeredAt = performance.now()
    else if (performance.now() - answeredAt >= (node.down.isGone ? goneAfterMs : silentAfterMs)) {
      if (!node.down.isGone) throw new NgpilotError('ng_timeout', stillSilent(node))
      print(`${id} is down, and its calls have ended with it: nothing listens at ${node.address}`)
      return
    }
    await sleep(everyMs)
    const now = (await api.nodes()).find((each) => each.id === id)
    if (!now) break // not listed any more, and forgotten since it was empty
    node = now
  }
  if (wait) print(`${id} is empty`)
}

function stillSilent ({ id, address, reason }: NodeView): string {
  return `${id} does not answer, so nobody can tell whether its calls go on (${reason}). It drains on: wait again when it `
    + `answers, or see at ${address} whether rtpengine runs`
}

function leftOn ({ id, calls, reason }: NodeView): string {
  if (calls === undefined) return `${id} does not say how many calls are left (${reason})`
  return `${calls} ${calls === 1 ? 'call' : 'calls'} left`
}
