import { readFile } from 'node:fs/promises'
import type { StackContext } from './context.ts'
import { type Daemon, type StartOptions, startDaemon } from './daemon.ts'
import { freePort } from './ports.ts'

export interface SippOptions extends StartOptions {
  /** The scenario (XML). What it reads can come with `files`, by `/srv/NAME`. */
  scenario: string
  files?: Record<string, string>
  /** `ADDRESS:PORT` that calls go to; without it SIPp waits for calls. */
  target?: string
  /** How many calls, then it ends. Default: 1. */
  calls?: number
  /** Of SIP. Default: a free one. */
  port?: number
  /** Of this machine, for SIP and media. Default: 127.0.0.1. */
  address?: string
  /** Further options, as on the command line: `['-rtp_echo']`. */
  args?: readonly string[]
  /** Whether it writes down each message. Default: yes; it takes half of its time. */
  isTracing?: boolean
}

export interface Sipp extends Daemon {
  port: number
  /** All SIP messages so far, as SIPp traces them. */
  messages: () => Promise<string>
  /** Resolves when all calls were made as the scenario says. @throws Error with SIPp's own words when one was not. */
  success: () => Promise<void>
}

/** Starts SIPp; one that waits for calls is ready when its port is open. */
export async function startSipp (context: StackContext, options: SippOptions): Promise<Sipp> {
  const { scenario, files = {}, target, calls = 1, args = [], isTracing = true, tree, address = '127.0.0.1' } = options
  const port = options.port ?? await freePort()
  const daemon = await startDaemon(context, {
    name: 'sipp',
    ...(tree && { tree }),
    files: { ...files, 'scenario.xml': scenario },
    argv: [
      'sipp', ...(target ? [target] : []), '-sf', '/srv/scenario.xml', '-i', address, '-mi', address, '-p', String(port),
      '-m', String(calls), '-nostdin', ...(isTracing ? ['-trace_msg', '-message_file', '/srv/messages.log'] : []),
      '-trace_err', '-error_file', '/srv/errors.log', ...args,
    ],
    // A caller may have ended before anybody looks.
    isReady: async () => target !== undefined || await isOpen(address, port),
  })
  const read = async (name: string) => readFile(`${daemon.folder}/${name}`, 'utf8').catch(() => '')
  return {
    ...daemon,
    port,
    messages: () => read('messages.log'),
    async success () {
      const outcome = await daemon.ended
      if (outcome !== 0) throw new Error(`sipp ended with ${outcome}: ${await read('errors.log') || daemon.logs()}`)
    },
  }
}

/** Whether a UDP socket or a TCP listener of an IPv4 address has the port. */
async function isOpen (address: string, port: number): Promise<boolean> {
  const hex = (value: number, length: number) => value.toString(16).toUpperCase().padStart(length, '0')
  const entry = `${address.split('.').reverse().map((byte) => hex(Number(byte), 2)).join('')}:${hex(port, 4)} `
  const tables = await Promise.all(['udp', 'tcp'].map((protocol) => readFile(`/proc/net/${protocol}`, 'utf8')))
  return tables.some((table) => table.includes(entry))
}
