import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NgClient } from '../../src/ng/client.ts'
import { offerCommand } from '../../src/ng/commands.ts'
import type { NgDictionary } from '../../src/ng/types.ts'
import { vocabulary, type NgKey, type Words } from '../../src/ng/vocabulary.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'

/** The release that the stack runs. */
const running = 12.5
const sdp = Buffer.from('v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n')

test('rtpengine knows the keys and words that it should by their release, and no later ones', async (t) => {
  const rtpengine = await startRtpengine(t)
  const client = new NgClient({ instanceId: 'words' })
  t.after(async () => client.close())
  const node = { id: 'real', host: rtpengine.address, port: rtpengine.port }
  const unknownOf = async (flags: NgDictionary): Promise<string[]> => {
    const before = rtpengine.logs().length
    const command = offerCommand({ callId: JSON.stringify(flags), fromTag: 'a', sdp, flags })
    // Not all of it makes an offer that can be carried out; what counts is what the log says of the words.
    await client.send(node, command, { deadline: performance.now() + 3000 }).catch(() => undefined)
    return Array.from(rtpengine.logs().slice(before).matchAll(/unknown [^\n]*encountered: '([^']+)'/gi), ([, word = '']) => word)
  }

  for (const [name, key] of vocabulary) {
    for (const value of valuesOf(key, (release) => release <= running)) {
      assert.deepEqual(await unknownOf({ [name]: value }), isLater(key) ? [name] : [], `${name}: ${JSON.stringify(value)}`)
    }
    if (isLater(key)) continue
    for (const value of valuesOf(key, (release) => release > running)) {
      assert.equal((await unknownOf({ [name]: value })).length, 1, `${name}: ${JSON.stringify(value)} is newer`)
    }
  }
})

const isLater = ({ since }: NgKey): boolean => Number(since) > running

/** Values that try every word of the releases wanted, and some value where no words are given. */
function valuesOf (key: NgKey, wants: (release: number) => boolean): NgDictionary[string][] {
  const wordsOf = (words: Words): string[] => [...words].filter(([, release]) => wants(Number(release))).map(([word]) => word)
  switch (key.type) {
    case 'integer': return wants(0) ? [key.maximum] : []
    case 'string': return key.words ? wordsOf(key.words) : wants(0) ? ['127.0.0.1'] : []
    case 'list': return key.words ? wordsOf(key.words).map((word) => [word]) : wants(0) ? [['PCMU', 'PCMA']] : []
    case 'dictionary': return [...key.keys].flatMap(([name, inner]) => {
      return wants(Number(inner.since)) ? valuesOf(inner, () => true).map((value) => ({ [name]: value })) : []
    })
  }
}
