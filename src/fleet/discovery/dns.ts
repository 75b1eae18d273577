import { Resolver } from 'node:dns/promises'
import { asNgpilotError, NgpilotError } from '../../errors.ts'
import { addressOf, type NodeSettings } from '../node.ts'
import { type NodeSource, PartialAnswer } from './discovery.ts'

/** A name whose records are nodes: with a port its addresses are, without one the targets of its SRV records. */
export interface DnsName extends Omit<NodeSettings, 'id' | 'host' | 'port'> { name: string, port?: number }

export type DnsResolver = Pick<Resolver, 'resolve4' | 'resolve6' | 'resolveSrv'>

const timeoutMs = 500
const tries = 2
/** More is no answer that an operator meant. */
const mostRecords = 256
/** No such name, or no such records: an answer. Anything else is the lack of one. */
const nothing = new Set(['ENODATA', 'ENOTFOUND'])

/** @param servers `IP` or `IP:PORT`; none: those of the system. */
export function createResolver (servers: readonly string[]): DnsResolver {
  const resolver = new Resolver({ timeout: timeoutMs, tries })
  if (servers.length > 0) resolver.setServers(servers)
  return resolver
}

/**
 * The nodes behind a name. `read` throws NgpilotError `no_node` where DNS has no answer or an empty one.
 *
 * Ids are such that every instance finds the same and a node keeps its own when another comes or goes: the address and port
 * of an A or AAAA record, the target and port of an SRV record. A target with several addresses is one node, at the one that
 * it had.
 */
export function dnsSource ({ name, port, ...traits }: DnsName, resolver: DnsResolver): NodeSource {
  const addresses = createLookup(resolver)
  /** By target: the address that it has. */
  let chosen = new Map<string, string>()

  return {
    name: port === undefined ? name : `${name}:${port}`,
    async read () {
      if (port !== undefined) {
        const own = vouchedFor(traits, name)
        return (await addresses(name)).map((host) => ({ ...own, id: addressOf({ host, port }), host, port }))
      }
      const records = await srvRecords(name, resolver)
      const now = new Map<string, string>()
      const answers = await Promise.allSettled(records.map(async (record) => {
        const found = await addresses(record.name)
        const before = chosen.get(record.name)
        const host = before !== undefined && found.includes(before) ? before : found[0] ?? ''
        now.set(record.name, host)
        // A weight of 0 is a very small chance (RFC 2782), and ours are above 0.
        const weight = Math.max(record.weight, 0.1)
        const own = vouchedFor(traits, record.name)
        return { priority: record.priority, weight, ...own, id: idOf(record), host, port: record.port }
      }))
      const nodes = answers.flatMap((answer) => answer.status === 'fulfilled' ? [answer.value] : [])
      const failures = answers.flatMap((answer) => answer.status === 'rejected' ? [asNgpilotError(answer.reason).message] : [])
      if (failures.length > 0) {
        const unread = records.filter((_, index) => answers[index]?.status === 'rejected')
        for (const { name: target } of unread) {
          const before = chosen.get(target)
          if (before !== undefined) now.set(target, before)
        }
        chosen = now
        throw new PartialAnswer(nodes, unread.map(idOf), failures.join('; '))
      }
      chosen = now
      return nodes
    },
  }
}

function idOf ({ name, port }: { name: string, port: number }): string {
  return `${name}:${port}`
}

/** A certificate is for the name of a host, hardly ever for the address that DNS has for it. */
function vouchedFor<T extends Pick<DnsName, 'transport' | 'tls'>> (traits: T, serverName: string): T {
  const isTls = traits.transport === 'wss' || traits.transport === 'https'
  return isTls ? { ...traits, tls: { serverName, ...traits.tls } } : traits
}

async function srvRecords (name: string, resolver: DnsResolver) {
  const records = await asked(name, 'SRV', resolver.resolveSrv(name))
  // A single "." says that the service is not to be had here, and port 0 is none.
  const sound = records.filter((record) => record.name !== '' && record.name !== '.' && record.port > 0)
  if (sound.length === 0) throw new NgpilotError('no_node', `${name} has no SRV record of a node`)
  return bounded(name, sound.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : a.port - b.port))
}

/** IPv4 and IPv6 of a name, sorted. One may fail where it never had an address: some servers have no answer to AAAA. */
function createLookup (resolver: DnsResolver): (name: string) => Promise<string[]> {
  const hadAddresses = new Set<string>()
  const most = 2 * mostRecords

  return async function addresses (name) {
    const [ipv4, ipv6] = await Promise.allSettled([
      asked(name, 'A', resolver.resolve4(name)), asked(name, 'AAAA', resolver.resolve6(name)),
    ])
    const found = [known(`A ${name}`, ipv4), known(`AAAA ${name}`, ipv6)].flat().sort()
    if (found.length > 0) return bounded(name, found)
    if (ipv4.status === 'rejected') throw ipv4.reason
    if (ipv6.status === 'rejected') throw ipv6.reason
    throw new NgpilotError('no_node', `${name} has no address`)
  }

  function known (question: string, answer: PromiseSettledResult<string[]>): string[] {
    if (answer.status === 'rejected') {
      if (hadAddresses.has(question)) throw answer.reason
      return []
    }
    if (hadAddresses.size >= most) hadAddresses.clear()
    if (answer.value.length > 0) hadAddresses.add(question)
    return answer.value
  }
}

/** @throws NgpilotError where there is no answer; none of a kind is an answer. */
async function asked<T> (name: string, type: string, answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    if (nothing.has(code)) return []
    throw new NgpilotError('no_node', `DNS does not tell ${type} of ${name} (${code})`, { cause: error })
  }
}

function bounded<T> (name: string, records: T[]): T[] {
  if (records.length <= mostRecords) return records
  throw new NgpilotError('no_node', `${name} has ${records.length} records, at most ${mostRecords} are read`)
}
