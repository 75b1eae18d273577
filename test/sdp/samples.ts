import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../data/sdp/', import.meta.url)

/** One SDP of test/data/sdp. */
export function sample (name: string): Buffer {
  return readFileSync(new URL(`${name}.sdp`, folder))
}

export function sampleNames (): string[] {
  return readdirSync(folder).filter((file) => file.endsWith('.sdp')).map((file) => file.slice(0, -'.sdp'.length))
}

/** An SDP from its lines. */
export function sdpFrom (...lines: string[]): Buffer {
  return Buffer.from(lines.join('\r\n') + '\r\n', 'latin1')
}
