/** Sound as the stack's programs read and write it: 16-bit samples, one channel. */
export interface Pcm { samples: Int16Array, sampleRate: number }

/** What {@link measureTone} finds: the strongest frequency, and its amplitude from 0 to 1 (full scale). */
export interface Tone { hz: number, level: number }

/** A sine. */
export function tone (hz: number, { seconds = 1, sampleRate = 8000, level = 0.5 } = {}): Pcm {
  const step = 2 * Math.PI * hz / sampleRate
  const samples = Int16Array.from({ length: seconds * sampleRate }, (_, index) => level * 32767 * Math.sin(step * index))
  return { samples, sampleRate }
}

/**
 * Finds the dominant tone between 100 Hz and 3400 Hz, to one hertz: what a telephone line carries.
 *
 * First every 4 Hz (the width of the filter), then every hertz around the best, over the same half second, the last one
 * that was heard: that passes over the silence and the clicks of a call's beginning. Silence has level 0.
 */
export function measureTone ({ samples, sampleRate }: Pcm): Tone {
  const heard = windowed(lastHeard(samples, Math.floor(sampleRate / 2)))
  const strongest = (from: number, to: number, step: number) => {
    let best: Tone = { hz: 0, level: 0 }
    for (let hz = from; hz <= to; hz += step) {
      const level = levelAt(hz, heard, sampleRate)
      if (level > best.level) best = { hz, level }
    }
    return best
  }
  const coarse = strongest(100, 3400, 4)
  return coarse.level === 0 ? coarse : strongest(coarse.hz - 4, coarse.hz + 4, 1)
}

/** Amplitude at one frequency, by Goertzel's algorithm. */
function levelAt (hz: number, samples: Float64Array, sampleRate: number): number {
  const coefficient = 2 * Math.cos(2 * Math.PI * hz / sampleRate)
  let last = 0
  let beforeLast = 0
  for (const sample of samples) {
    const next = sample + coefficient * last - beforeLast
    beforeLast = last
    last = next
  }
  const power = last ** 2 + beforeLast ** 2 - coefficient * last * beforeLast
  return samples.length === 0 ? 0 : Math.sqrt(Math.max(power, 0)) * 2 / samples.length / 32767
}

/** A Hann window: without it a tone leaks into its neighbours. */
function windowed (samples: Int16Array): Float64Array {
  const turn = 2 * Math.PI / samples.length
  return Float64Array.from(samples, (sample, index) => sample * (1 - Math.cos(turn * index)))
}

/** The last stretch that is not silent. */
function lastHeard (samples: Int16Array, length: number): Int16Array {
  let end = samples.length
  while (end > 0 && Math.abs(samples[end - 1] ?? 0) < 64) end -= 1
  return samples.subarray(Math.max(0, end - length), end)
}
