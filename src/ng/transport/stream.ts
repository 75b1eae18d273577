import type { Endpoint, NodeTls } from '../types.ts'

/** A command that expires leaves its connection open (see `Transport.close`). A silent node collects no more than this. */
export const maxUnanswered = 128

// What passes when the node has started, or the way to it is whole again.
const passing = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'])

/** Whether a connection that failed so may be had a moment later: not where there is no such host or no trust. */
export function isPassing (error: NodeJS.ErrnoException): boolean {
  return passing.has(error.code ?? '')
}

export function urlOf ({ transport = 'udp', host, port }: Endpoint): string {
  return `${transport}://${host.includes(':') ? `[${host}]` : host}:${port}/ng`
}

/** What is trusted and shown, in the words of Node.js. */
export function tlsOptions ({ tls = {} }: Endpoint): Omit<NodeTls, 'serverName'> & { servername?: string } {
  const { serverName, ...rest } = tls
  return { ...rest, ...(serverName !== undefined && { servername: serverName }) }
}
