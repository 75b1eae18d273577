import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

export interface FakeSentinel {
  port: number
  /** How many clients wait for the master's address; while `holds`, they get none. */
  asking: number
  holds: boolean
  /** Tells all subscribers that the master has changed. */
  switchMaster (): void
}

const commands = /\*\d+\r\n\$\d+\r\n(\w+)\r\n(?:\$\d+\r\n(\S+)\r\n)?/g

/** A Sentinel that tells of a failover at the moment when a test wants it to. It knows one master. */
export async function startFakeSentinel (
  t: { after (end: () => void): void }, master: { port: number },
): Promise<FakeSentinel> {
  const subscribers = new Set<Socket>()
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined).on('close', () => {
      open.delete(socket)
      subscribers.delete(socket)
    })
    socket.on('data', (bytes) => {
      for (const [, name = '', first = ''] of bytes.toString().matchAll(commands)) {
        const command = `${name} ${first}`.toLowerCase()
        if (command.startsWith('hello')) socket.write('-ERR unknown command \'HELLO\'\r\n')
        else if (command === 'sentinel get-master-addr-by-name') tellMaster(socket)
        else if (command === 'sentinel sentinels') socket.write('*0\r\n')
        else if (command.startsWith('subscribe')) {
          subscribers.add(socket)
          socket.write(arrayOf('subscribe', first).replace('*2', '*3') + ':1\r\n')
        } else socket.write('+OK\r\n')
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })

  function tellMaster (socket: Socket): void {
    if (sentinel.holds) sentinel.asking++
    else socket.write(arrayOf('127.0.0.1', String(master.port)))
  }

  const sentinel: FakeSentinel = {
    port: (server.address() as AddressInfo).port,
    asking: 0,
    holds: false,
    switchMaster () {
      for (const socket of subscribers) socket.write(arrayOf('message', '+switch-master', 'calls'))
    },
  }
  return sentinel
}

function arrayOf (...texts: string[]): string {
  return `*${texts.length}\r\n${texts.map((text) => `$${text.length}\r\n${text}\r\n`).join('')}`
}
