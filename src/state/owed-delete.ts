import type { OwedDelete } from './store.ts'
import { parsed } from './values.ts'

const transportNames: ReadonlySet<unknown> = new Set(['udp', 'ws', 'wss', 'http', 'https'])

/** A delete that another instance left; what cannot be read is none. */
export function owedDeleteOf (text: string): OwedDelete[] {
  const value = parsed(text) as Partial<OwedDelete> | undefined
  const { callId, node, expiresAt, branch, isDoubtful } = value ?? {}
  const isSound = typeof callId === 'string' && typeof expiresAt === 'number'
    && typeof node?.id === 'string' && typeof node.host === 'string' && typeof node.port === 'number'
    && (branch === undefined || typeof branch.fromTag === 'string')
    && (node.transport === undefined || transportNames.has(node.transport))
  if (!isSound) return []
  const { id, host, port, transport } = node
  const viaBranch = branch?.viaBranch === undefined ? {} : { viaBranch: branch.viaBranch }
  return [{
    callId, node: { id, host, port, ...(transport && { transport }) }, expiresAt, ...(isDoubtful === true && { isDoubtful }),
    ...(branch && { branch: { fromTag: branch.fromTag, ...viaBranch } }),
  }]
}
