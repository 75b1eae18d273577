import { once } from 'node:events'
import WebSocket from 'ws'

/**
 * MB of heap that a Node process still holds after a garbage collection, by its inspector
 * (https://chromedevtools.github.io/devtools-protocol/v8/): of its main thread alone.
 *
 * @param port that it was given by `--inspect=127.0.0.1:port`
 */
export async function heapAfterCollection (port: number): Promise<number> {
  const [target] = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json() as { webSocketDebuggerUrl: string }[]
  if (!target) throw new Error('the inspector has nothing to look at')
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  await once(socket, 'open')
  const ask = async (id: number, method: string) => {
    socket.send(JSON.stringify({ id, method }))
    const [data] = await once(socket, 'message') as [Buffer]
    return (JSON.parse(data.toString()) as { result: { usedSize?: number } }).result
  }
  await ask(1, 'HeapProfiler.collectGarbage')
  const { usedSize = NaN } = await ask(2, 'Runtime.getHeapUsage')
  socket.terminate()
  return usedSize / 1e6
}
