import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearestWord } from '../src/nearest-word.ts'

test('the nearest word is found over case, order and a few letters, and not further', () => {
  const near = (word: string, ...words: string[]) => nearestWord(word, words)
  assert.equal(near('ice', 'DTLS', 'ICE'), 'ICE')
  assert.equal(near('RTP/SAVFP', 'RTP/SAVP', 'RTP/SAVPF'), 'RTP/SAVPF')
  assert.equal(near('webrct', 'sip', 'webrtc'), 'webrtc')
  assert.equal(near('udp', 'tcp', 'tls'), undefined)
  assert.equal(near('always', 'remove', 'force'), undefined)
})
