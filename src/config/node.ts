import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Static } from 'typebox'
import { type DnsName, type EndpointAddress, splitDnsName, splitEndpoint } from './address.ts'
import type { DnsSettings, NodeSettings } from './node-settings.ts'
import type { Path } from './words.ts'

/** For `wss` and `https`, the files read: PEM each. */
export interface TlsConfig { ca?: string, cert?: string, key?: string, serverName?: string }

/** What may be said of a node however it is found. */
export interface NodeTraits { weight?: number, priority?: number, sets?: string[], version?: string, tls?: TlsConfig }

/** A name whose records are nodes. */
export interface DnsConfig extends DnsName, NodeTraits {}

/** One rtpengine, its addresses taken apart (IPv6 without brackets). */
export interface NodeConfig extends EndpointAddress, NodeTraits {
  id: string
  stream?: EndpointAddress & { transport: 'ws' | 'wss' | 'http' | 'https', tls?: TlsConfig }
  streamAboveBytes?: number
}

/** The files that all nodes use where they name none of their own. */
export interface TlsFiles { caFile?: string | undefined, certFile?: string | undefined, keyFile?: string | undefined }

/** What goes with the reading of nodes: whence the file names that they give are seen, and where problems go. */
export interface Reading { shared: TlsFiles, directory: string, problem: (path: Path, text: string) => void }

/** A node from its settings, which are known to be sound; only its files can be wrong still. */
export function nodeOf (settings: Static<typeof NodeSettings>, path: Path, reading: Reading): NodeConfig {
  const { id, address, stream, caFile, certFile, keyFile, serverName, ...more } = settings
  const endpoint = splitEndpoint(address) ?? { host: '', port: 0 }
  const streamEndpoint = stream === undefined ? undefined : splitEndpoint(stream) as NodeConfig['stream']
  const isTls = [endpoint, streamEndpoint].some((each) => each?.transport === 'wss' || each?.transport === 'https')
  const files = tlsFilesOf({ caFile, certFile, keyFile }, reading)
  const tls = isTls ? tlsOf(files, serverName, path, reading) : undefined
  return {
    id: id ?? address.replace(/^\w+:\/\//, ''),
    ...endpoint,
    ...more,
    ...(tls && { tls }),
    ...(streamEndpoint && { stream: { ...streamEndpoint, ...(tls && { tls }) } }),
  }
}

export function dnsNameOf (settings: Static<typeof DnsSettings>, path: Path, reading: Reading): DnsConfig {
  const { name, caFile, certFile, keyFile, serverName, ...more } = settings
  const split = splitDnsName(name) ?? { name }
  const isTls = split.transport === 'wss' || split.transport === 'https'
  const files = tlsFilesOf({ caFile, certFile, keyFile }, reading)
  const tls = isTls ? tlsOf(files, serverName, path, reading) : undefined
  return { ...split, ...more, ...(tls && { tls }) }
}

function tlsFilesOf ({ caFile, certFile, keyFile }: TlsFiles, { shared, directory }: Reading): TlsFiles {
  const seen = (file: string | undefined) => file === undefined ? undefined : resolve(directory, file)
  return {
    caFile: seen(caFile) ?? shared.caFile,
    certFile: seen(certFile) ?? shared.certFile,
    keyFile: seen(keyFile) ?? shared.keyFile,
  }
}

function tlsOf (
  { caFile, certFile, keyFile }: TlsFiles, serverName: string | undefined, path: Path, reading: Reading,
): TlsConfig | undefined {
  const tls: TlsConfig = defined({
    ca: textOf(caFile, 'caFile'), cert: textOf(certFile, 'certFile'), key: textOf(keyFile, 'keyFile'), serverName,
  })
  return Object.keys(tls).length > 0 ? tls : undefined

  function textOf (file: string | undefined, key: string): string | undefined {
    if (file === undefined) return undefined
    try {
      const text = readFileSync(file, 'utf8')
      if (text.includes('-----BEGIN ')) return text
      reading.problem([...path, key], `${file} is no PEM file: it has no line -----BEGIN …`)
    } catch (error) {
      reading.problem([...path, key], `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
    }
    return undefined
  }
}

/** Without what is undefined. */
function defined<T extends object> (value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
