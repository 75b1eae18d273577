import type { Config } from '../config.ts'
import { NgpilotError } from '../errors.ts'
import { usage } from '../usage.ts'
import { connectApi } from './api.ts'
import { showCall, showCalls } from './calls.ts'
import { explainCall } from './explain.ts'
import { setNode, showNodes } from './nodes.ts'
import { styleFor } from './style.ts'

export interface RemoteOptions { url?: string, wait?: boolean, json?: boolean, stranded?: boolean, node?: string }

/** The commands for an ngpilot that runs. */
export async function remoteCommand ([name = '', id, ...rest]: string[], values: RemoteOptions, { http }: Config): Promise<void> {
  const host = http.host.includes(':') ? `[${http.host}]` : http.host
  const api = connectApi(values.url ?? process.env.NGPILOT_URL ?? `http://${host}:${http.port}`, process.env.NGPILOT_TOKEN ?? http.token)
  const print = (line: string) => process.stdout.write(`${line}\n`)
  if (values.wait && name !== 'drain') throw new NgpilotError('bad_request', '--wait goes with drain alone')
  if (name === 'nodes' && id === undefined) return showNodes(api, print)
  if (name === 'calls' && id === undefined) return showCalls(api, values, print)
  if (name === 'calls' && id === 'show') return showCall(api, onlyCallId(rest, 'calls show'), print)
  if (name === 'call' && id === 'explain') {
    const { isTTY, columns } = process.stdout
    const look = { width: isTTY ? columns : 100, style: styleFor(isTTY, process.env) }
    return explainCall(api, onlyCallId(rest, 'call explain'), { json: values.json === true, ...look }, print)
  }
  if ((name === 'drain' || name === 'enable' || name === 'disable') && id !== undefined && rest.length === 0) {
    return setNode(api, id, name, values, print)
  }
  if (['drain', 'enable', 'disable'].includes(name)) throw new NgpilotError('bad_request', `${name} takes the id of one node; ngpilot nodes shows them`)
  throw new NgpilotError('bad_request', `"${[name, id, ...rest].filter((word) => word !== undefined).join(' ')}" is no command\n\n${usage}`)
}

function onlyCallId (words: readonly string[], command: string): string {
  const [callId] = words
  if (callId !== undefined && words.length === 1) return callId
  throw new NgpilotError('bad_request', `${command} takes the Call-ID of one call; ngpilot calls shows them`)
}
