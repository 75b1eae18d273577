import { encode, isJson, split } from './codec.ts'
import { writeJson } from './json.ts'
import type { NgCommand, NgReply } from './types.ts'

/** A command that goes to the node byte for byte, bencode or JSON, under a cookie of our own. */
export class RawCommand {
  /** Its name, for metrics and messages. */
  readonly command: string
  /** All that follows the cookie and its space. */
  readonly body: Buffer

  constructor (command: string, body: Buffer) {
    this.command = command
    this.body = body
  }
}

/** A command of our own in the format of a client's, whose reply can go back to that client byte for byte. */
export function rawLike ({ body }: RawCommand, command: NgCommand): RawCommand {
  return new RawCommand(command.command, isJson(body) ? writeJson(command) : split(encode('x', command)).body)
}

const bodies = new WeakMap<object, Buffer>()

/** The reply to a raw command as the node sent it, without its cookie; undefined for replies to other commands. */
export function bodyOf (reply: NgReply): Buffer | undefined {
  return bodies.get(reply)
}

export function keepBody (reply: NgReply, body: Buffer): void {
  bodies.set(reply, body)
}
