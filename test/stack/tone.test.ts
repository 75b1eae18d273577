import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureTone, tone } from '../../stack/tone.ts'
import { decodeWav, encodeWav } from '../../stack/wav.ts'

test('measures the tone that was written, in pitch and level, through a WAV file', () => {
  for (const sampleRate of [8000, 48000]) {
    for (const hz of [200, 440, 697, 1000, 2400]) {
      const measured = measureTone(decodeWav(encodeWav(tone(hz, { sampleRate, level: 0.25 }))))
      assert.ok(Math.abs(measured.hz - hz) <= 1, `${measured.hz} Hz measured, ${hz} Hz written, at ${sampleRate}/s`)
      assert.ok(Math.abs(measured.level - 0.25) < 0.01, `level ${measured.level}`)
    }
  }
})

test('silence has no level', () => {
  assert.equal(measureTone({ samples: new Int16Array(8000), sampleRate: 8000 }).level, 0)
  assert.equal(measureTone({ samples: new Int16Array(0), sampleRate: 8000 }).level, 0)
})

test('noise has far less level than a tone', () => {
  const samples = Int16Array.from({ length: 8000 }, () => (Math.random() - 0.5) * 32767)
  assert.ok(measureTone({ samples, sampleRate: 8000 }).level < 0.1)
})

test('a tone is found behind a second of silence, and before one', () => {
  const silence = new Int16Array(8000)
  const samples = Int16Array.from([...silence, ...tone(440).samples, ...silence])
  assert.equal(measureTone({ samples, sampleRate: 8000 }).hz, 440)
})

test('reads a file that is still being written', () => {
  const wav = encodeWav(tone(440))
  wav.writeUInt32LE(0, 40)
  assert.equal(measureTone(decodeWav(wav)).hz, 440)
})

test('refuses what is no WAV file', () => {
  assert.throws(() => decodeWav(Buffer.from('hello')), /no WAV file/)
})
