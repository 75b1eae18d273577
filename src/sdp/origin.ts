import type { Sdp } from './sdp.ts'

const shape = /^(o=\S+ \S+) (\d+) (\S+ \S+ \S+)$/

/** Who made an SDP, as its o= line has it: `IN IP4 192.0.2.1` (RFC 8866 §5.2). Undefined where none can be read. */
export function originOf ({ session }: Sdp): string | undefined {
  return session.map((line) => shape.exec(line)?.[3]).find((origin) => origin !== undefined)
}

/** The same SDP as if that origin had made it, its version so much higher. */
export function withOrigin (sdp: Sdp, origin: string | undefined, addedVersions: number): Sdp {
  const session = sdp.session.map((line) => {
    const [, begin, version, own] = shape.exec(line) ?? []
    // Versions may have 64 bits.
    return begin === undefined ? line : `${begin} ${BigInt(version ?? 0) + BigInt(addedVersions)} ${origin ?? own ?? ''}`
  })
  return { ...sdp, session }
}
