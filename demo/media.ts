import type { StackContext } from '../stack/context.ts'
import type { Rtpengine } from '../stack/rtpengine.ts'
import { NgClient } from '../src/ng/client.ts'
import { listCommand, queryCommand } from '../src/ng/commands.ts'
import type { NgReply } from '../src/ng/types.ts'
import { NgpilotError } from '../src/errors.ts'

/** What is asked of the demo's rtpengine itself. */
export interface MediaView {
  /** The codec of the packets that come in on a leg; undefined before the first, or when there is no such call. */
  codecFrom: (callId: string, tag: string) => Promise<string | undefined>
  /** The call-ids that it holds. */
  calls: () => Promise<string[]>
}

const answerWithinMs = 1000

/** What is read of the reply to `query`: the codec stands at each m-line once a packet came, as `PCMU/8000`. */
interface QueryReply { tags?: Record<string, { medias?: { codec?: string }[] }> }

export function viewMedia (context: StackContext, { address, port }: Pick<Rtpengine, 'address' | 'port'>): MediaView {
  const client = new NgClient({ instanceId: 'demo' })
  context.after(() => client.close())
  const node = { id: 'rtpengine', host: address, port }
  const ask = (command: Parameters<NgClient['send']>[1]): Promise<NgReply> =>
    client.send(node, command, { deadline: performance.now() + answerWithinMs })
  return {
    async codecFrom (callId, tag) {
      try {
        const { tags } = await ask(queryCommand({ callId })) as QueryReply
        return tags?.[tag]?.medias?.[0]?.codec?.split('/')[0]
      } catch (error) {
        if (error instanceof NgpilotError && error.code === 'call_unknown') return undefined
        throw error
      }
    },
    calls: async () => (await ask(listCommand())).calls as string[],
  }
}
