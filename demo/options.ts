import { isIP } from 'node:net'
import { parseArgs } from 'node:util'

/** What the command line asks for. */
export interface Options {
  help: boolean
  check: boolean
  /** TCP port of the page; 0 takes any free one. */
  port: number
  /** A further address for media, next to 127.0.0.1; undefined: the machine chooses. */
  address?: string
}

const defaultPort = 8090

export const usage = `A web phone that calls a SIP phone, over Kamailio, ngpilot and rtpengine, all on this machine.

  npm run demo                  start everything; prints the address of the page, Ctrl-C ends it
  npm run demo -- --check       start everything, place one call with headless Chromium, say what worked, end

  --port PORT      of the page (default ${defaultPort}; 0, the default of --check: any that is free)
  --address IP     where rtpengine takes the browser's media besides 127.0.0.1, which Firefox never uses
                   (default: the address of this machine that its default route goes out by;
                   127.0.0.1, the default of --check: no other)
  --help

It runs as root on Debian 12 or 13. The programs are Debian's; they are put into a folder of their own, once
(NGPILOT_STACK_DIR, by default /var/cache/ngpilot), and do not touch what is installed.
`

/** @throws Error that says what is wrong with the command line */
export function readOptions (argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      check: { type: 'boolean', default: false },
      port: { type: 'string' },
      address: { type: 'string' },
    },
  })
  const { help, check, address } = values
  const port = values.port ?? String(check ? 0 : defaultPort)
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) throw new Error(`--port ${port}: must be a number from 0 to 65535`)
  if (address !== undefined && !isIP(address)) throw new Error(`--address ${address}: must be an IP address of this machine`)
  return { help, check, port: Number(port), ...(address !== undefined && { address }) }
}
