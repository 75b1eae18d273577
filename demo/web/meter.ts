const floorDb = -60

/** What a meter reads: `level` 0–100 on a scale of 60 dB; `hertz` of the strongest tone, undefined in silence. */
export interface Reading { level: number, hertz?: number }

/** Measures a stream as long as the page draws; returns a function that ends it. */
export function measure (audio: AudioContext, stream: MediaStream, onReading: (reading: Reading) => void): () => void {
  const source = audio.createMediaStreamSource(stream)
  const analyser = new AnalyserNode(audio, { fftSize: 8192, smoothingTimeConstant: 0.5 })
  source.connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  const spectrum = new Float32Array(analyser.frequencyBinCount)
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples)
    // The newest 50 ms: the whole window would make the meter sluggish.
    const level = levelOf(samples.subarray(-Math.round(audio.sampleRate / 20)))
    analyser.getFloatFrequencyData(spectrum)
    onReading(level > 15 ? { level, hertz: strongestOf(spectrum, audio.sampleRate / analyser.fftSize) } : { level })
  }, 50)
  return () => {
    clearInterval(timer)
    source.disconnect()
  }
}

function levelOf (samples: Float32Array): number {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
  const decibels = 10 * Math.log10(power + Number.MIN_VALUE)
  return Math.round(Math.min(100, Math.max(0, 100 * (1 - decibels / floorDb))))
}

/** The top of the highest bin, found between its neighbours by the parabola through the three. */
function strongestOf (spectrum: Float32Array, binHertz: number): number {
  const top = spectrum.indexOf(spectrum.reduce((highest, value) => Math.max(highest, value)))
  const [left = 0, peak = 0, right = 0] = [spectrum[top - 1], spectrum[top], spectrum[top + 1]]
  const curve = left - 2 * peak + right
  return Math.round((top + (curve === 0 ? 0 : (left - right) / (2 * curve))) * binHertz)
}
