import { encode, encodeRaw, isJson, readBody, split } from '../../ng/codec.ts'
import { writeJson } from '../../ng/json.ts'
import type { NgDictionary } from '../../ng/types.ts'

/** An NG message from a client: the cookie, and the body as it came. */
export interface Incoming { cookie: string, body: Buffer }

/** @throws NgpilotError `ng_malformed` for what has no cookie: rtpengine does not answer that either. */
export function readMessage (bytes: Buffer, maxBytes: number): Incoming {
  return split(bytes, maxBytes)
}

/** @throws NgpilotError `ng_malformed` with what is wrong and at which byte of the body. */
export function readCommand (body: Buffer): NgDictionary {
  return readBody(body, 0)
}

/** The answer in the format of the question; bytes go out as they are. */
export function writeReply ({ cookie, body }: Incoming, reply: NgDictionary | Buffer): Buffer {
  if (Buffer.isBuffer(reply)) return encodeRaw(cookie, reply)
  return isJson(body) ? encodeRaw(cookie, writeJson(reply)) : encode(cookie, reply)
}
