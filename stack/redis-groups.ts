import { setTimeout as sleep } from 'node:timers/promises'
import { Redis as Client } from 'ioredis'
import type { StackContext } from './context.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { freePort } from './ports.ts'
import { answersPing, type Redis, type RedisOptions, startRedis } from './redis.ts'

export interface SentinelGroup {
  /** The master at first. */
  master: Redis
  replica: Redis
  sentinels: Daemon[]
  /** `redis+sentinel://…` of all of them. */
  url: string
  /** The port of who is the master now, as the first Sentinel says. */
  masterPort: () => Promise<number>
}

/** A master, its replica, and Sentinels that make the replica the master half a second after the master is gone. */
export async function startSentinelGroup (
  context: StackContext, { sentinelCount = 1, ...options }: { sentinelCount?: number } & Pick<RedisOptions, 'tree'> = {},
): Promise<SentinelGroup> {
  const master = await startRedis(context, options)
  const replica = await startRedis(context, { ...options, args: ['--replicaof', master.address, String(master.port)] })
  const sentinels: Daemon[] = []
  const ports: number[] = []
  for (let index = 0; index < sentinelCount; index++) {
    const port = await freePort()
    ports.push(port)
    sentinels.push(await startDaemon(context, {
      name: 'sentinel',
      argv: ['redis-server', '/srv/sentinel.conf', '--sentinel'],
      files: { 'sentinel.conf': sentinelConf(port, master.port, Math.floor(sentinelCount / 2) + 1) },
      isReady: () => answersPing('127.0.0.1', port),
    }))
  }
  const first = new Client({ host: '127.0.0.1', port: ports[0] ?? 0 })
  context.after(async () => { first.disconnect(); return Promise.resolve() })
  const masterPort = async () => Number((await first.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'calls') as string[])[1])
  // Ready for a failover when every Sentinel knows the replica and the others.
  await Promise.all(ports.map((port) => knowsAll(port, sentinelCount - 1)))
  return { master, replica, sentinels, url: `redis+sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(',')}/calls`, masterPort }
}

function sentinelConf (port: number, masterPort: number, quorum: number): string {
  return `port ${port}
bind 127.0.0.1
dir /srv
sentinel monitor calls 127.0.0.1 ${masterPort} ${quorum}
sentinel down-after-milliseconds calls 500
sentinel failover-timeout calls 2000
`
}

async function knowsAll (port: number, others: number): Promise<void> {
  const client = new Client({ host: '127.0.0.1', port })
  try {
    for (let tries = 0; tries < 300; tries++) {
      const fields = await client.call('SENTINEL', 'MASTER', 'calls') as string[]
      const value = (name: string) => Number(fields[fields.indexOf(name) + 1])
      if (value('num-slaves') >= 1 && value('num-other-sentinels') >= others) return
      await sleep(50)
    }
    throw new Error('the Sentinels did not find each other and the replica')
  } finally {
    client.disconnect()
  }
}

export interface ClusterGroup {
  nodes: Redis[]
  /** `redis+cluster://…` of all nodes. */
  url: string
}

/** Masters that share the slots between them; a lost one takes its share with it, and the others serve on. */
export async function startClusterGroup (context: StackContext, count = 3): Promise<ClusterGroup> {
  const busPorts = await Promise.all(Array.from({ length: count }, () => freePort()))
  const nodes: Redis[] = []
  for (const busPort of busPorts) nodes.push(await startRedis(context, { args: clusterArgs(busPort) }))
  const clients = nodes.map(({ port }) => new Client({ host: '127.0.0.1', port, enableReadyCheck: false }))
  try {
    const slots = 16_384
    for (const [index, client] of clients.entries()) {
      await client.call('CLUSTER', 'ADDSLOTSRANGE', Math.floor(index * slots / count), Math.floor((index + 1) * slots / count) - 1)
      if (index > 0) await client.call('CLUSTER', 'MEET', '127.0.0.1', nodes[0]?.port ?? 0, busPorts[0] ?? 0)
    }
    for (const client of clients) await joined(client, count)
  } finally {
    for (const client of clients) client.disconnect()
  }
  return { nodes, url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}` }
}

function clusterArgs (busPort: number): string[] {
  return [
    '--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-node-timeout', '1000',
    '--cluster-require-full-coverage', 'no', '--cluster-config-file', 'nodes.conf',
  ]
}

async function joined (client: Client, count: number): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const info = await client.cluster('INFO')
    if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${count}`)) return
    await sleep(50)
  }
  throw new Error('the nodes did not become a cluster')
}
