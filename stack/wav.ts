import type { Pcm } from './tone.ts'

/** A WAV file (RIFF, PCM, 16 bit, one channel). */
export function encodeWav ({ samples, sampleRate }: Pcm): Buffer {
  const bytes = samples.length * 2
  const wav = Buffer.alloc(44 + bytes)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(36 + bytes, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20) // PCM
  wav.writeUInt16LE(1, 22) // channels
  wav.writeUInt32LE(sampleRate, 24)
  wav.writeUInt32LE(sampleRate * 2, 28)
  wav.writeUInt16LE(2, 32) // bytes a frame
  wav.writeUInt16LE(16, 34) // bits a sample
  wav.write('data', 36)
  wav.writeUInt32LE(bytes, 40)
  samples.forEach((sample, index) => wav.writeInt16LE(sample, 44 + index * 2))
  return wav
}

/**
 * Reads a WAV file of 16-bit PCM; of several channels the first. A file that is still being written says that it holds
 * nothing: then all that follows the header counts.
 *
 * @throws Error when it is no such file
 */
export function decodeWav (wav: Buffer): Pcm {
  if (wav.toString('latin1', 0, 4) !== 'RIFF' || wav.toString('latin1', 8, 12) !== 'WAVE') throw new Error('no WAV file')
  let channels = 0
  let sampleRate = 0
  for (let at = 12; at + 8 <= wav.length;) {
    const name = wav.toString('latin1', at, at + 4)
    const size = wav.readUInt32LE(at + 4)
    const start = at + 8
    if (name === 'fmt ') {
      if (wav.readUInt16LE(start) !== 1 || wav.readUInt16LE(start + 14) !== 16) throw new Error('no 16-bit PCM in the WAV file')
      channels = wav.readUInt16LE(start + 2)
      sampleRate = wav.readUInt32LE(start + 4)
    } else if (name === 'data') {
      const end = size === 0 ? wav.length : Math.min(start + size, wav.length)
      const frames = Math.floor((end - start) / 2 / channels)
      const samples = Int16Array.from({ length: frames }, (_, frame) => wav.readInt16LE(start + frame * channels * 2))
      return { samples, sampleRate }
    }
    at = start + size + size % 2
  }
  throw new Error('no samples in the WAV file')
}
