import { splitAddress } from './address.ts'

/** Which Redis: one server, the master that Sentinels know by a name, or a Cluster. */
export interface StoreTarget {
  kind: 'server' | 'sentinel' | 'cluster'
  /** The server, or some of the Sentinels or of the Cluster's nodes; they tell of the others. */
  hosts: { host: string, port: number }[]
  /** What the Sentinels call the master. */
  name?: string
  /** Number of the database; a Cluster has only 0. */
  db: number
  username?: string
  password?: string
  isTls: boolean
  /** For people: without the password. */
  address: string
}

/** What a right URL looks like, for messages. */
export const storeUrlShape = 'memory: or redis[s]://[USER:PASSWORD@]HOST[:PORT][/DB], redis[s]+sentinel://[USER:PASSWORD@]HOST:PORT,…/NAME[/DB] or '
  + 'redis[s]+cluster://[USER:PASSWORD@]HOST:PORT,…, special characters of the password as %XX'

const shape = /^(rediss?)(\+sentinel|\+cluster)?:\/\/(?:([^@/?#\s:]*)(?::([^@/?#\s]*))?@)?([^@/?#\s]+?)((?:\/[^/?#\s]*){0,2})$/
const defaultPorts = { server: 6379, cluster: 6379, sentinel: 26379 }

/** Undefined when the text is no URL of a Redis. */
export function parseStoreUrl (text: string): StoreTarget | undefined {
  const [, scheme, mode = '+server', user = '', pass, list = '', path = ''] = shape.exec(text) ?? []
  if (scheme === undefined || (mode === '+server' && list.includes(','))) return undefined
  const kind = mode.slice(1) as StoreTarget['kind']
  const hosts = list.split(',').map((each) => splitAddress(/:\d+$/.test(each.replace(/^\[.*\]/, '')) ? each : `${each}:${defaultPorts[kind]}`))
  const parts = path.split('/').slice(1)
  const name = kind === 'sentinel' ? parts.shift() : undefined
  const [db = '', ...more] = parts
  const [username, password] = [decoded(user), pass === undefined ? undefined : decoded(pass)]
  const isWhole = hosts.every((host) => host !== undefined) && more.length === 0 && /^\d{0,5}$/.test(db)
    && username !== undefined && (pass === undefined || password !== undefined)
    && (kind !== 'sentinel' || /^[\w.-]+$/.test(name ?? '')) && (kind !== 'cluster' || Number(db) === 0)
  if (!isWhole) return undefined
  const login = user === '' && pass === undefined ? '' : `${user}${pass ? ':***' : ''}@`
  const shown = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',')
  return {
    kind, hosts, db: Number(db), isTls: scheme === 'rediss',
    ...(name !== undefined && { name }),
    ...(username && { username }),
    ...(password && { password }),
    address: `${scheme}${mode === '+server' ? '' : mode}://${login}${shown}${path}`,
  }
}

function decoded (text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
