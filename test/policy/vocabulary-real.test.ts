import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NgClient } from '../../src/ng/client.ts'
import { offerCommand } from '../../src/ng/commands.ts'
import { vocabulary } from '../../src/ng/vocabulary.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { valuesOf } from '../ng/values.ts'

/** The release that the stack runs. */
const running = 12.5
const sdp = Buffer.from('v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n')

test('rtpengine knows every key and word of its release, and none of a later one', async (t) => {
  const rtpengine = await startRtpengine(t)
  const client = new NgClient({ instanceId: 'words' })
  t.after(async () => client.close())
  const node = { id: 'real', host: rtpengine.address, port: rtpengine.port }

  const later = new Set<string>()
  for (const [name, key] of vocabulary) {
    for (const { value, word, release } of valuesOf(key)) {
      if (Number(key.since) > running) later.add(name)
      else if (release > running) later.add(word)
      const command = offerCommand({ callId: `${name} ${word}`, fromTag: 'a', sdp, flags: { [name]: value } })
      // Not every value makes an offer that can be carried out; what counts is what the log says of the words.
      await client.send(node, command, { deadline: performance.now() + 3000 }).catch(() => undefined)
    }
  }
  await sleep(300) // The log comes by another way than the replies.
  const unknown = rtpengine.logs().matchAll(/unknown [^\n]*encountered: '([^'\n]+)'/gi)
  assert.deepEqual(new Set(Array.from(unknown, ([, word]) => word)), later)
})
