import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** Whether anybody answers a SIP OPTIONS over UDP there, whatever the answer, within 200 ms. */
export async function answersOptions (address: string, port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    socket.connect(port, address)
    await once(socket, 'connect')
    const own = `${socket.address().address}:${socket.address().port}`
    const id = randomBytes(6).toString('hex')
    socket.send([
      `OPTIONS sip:${address}:${port} SIP/2.0`,
      `Via: SIP/2.0/UDP ${own};branch=z9hG4bK${id};rport`,
      'Max-Forwards: 70',
      `From: <sip:ping@${own}>;tag=${id}`,
      `To: <sip:${address}:${port}>`,
      `Call-ID: ${id}`,
      'CSeq: 1 OPTIONS',
      'Content-Length: 0', '', '',
    ].join('\r\n'))
    const [reply] = await once(socket, 'message', { signal: AbortSignal.timeout(200) }) as [Buffer]
    return reply.toString('latin1').startsWith('SIP/2.0 ')
  } catch {
    return false // Nobody listens yet, or nobody answers.
  } finally {
    socket.close()
  }
}
