/**
 * An SDP (RFC 8866) as its lines, session part first, then one part per m-line. Lines are without their ending and in
 * latin1, one character a byte: what is not touched goes out exactly as it came, whatever its charset.
 */
export interface Sdp { session: string[], media: SdpMedia[] }

/** `lines[0]` is the m-line that `kind`, `port`, `protocol` and `formats` were read from. */
export interface SdpMedia { kind: string, port: number, protocol: string, formats: string[], lines: string[] }
