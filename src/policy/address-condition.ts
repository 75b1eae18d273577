import { contains, parseBlock, type Address } from './address.ts'
import { shown, type Condition, type Read } from './condition.ts'
import type { LegSubject, Subject } from './subject.ts'
import { written } from './text.ts'

/** That a leg is at one of some addresses or in one of some blocks; looked up where all blocks are of one length. */
export function addressCondition (name: string, texts: readonly string[], of: Read<LegSubject>): Condition {
  const blocks = texts.flatMap((text) => parseBlock(text) ?? [])
  const bits = blocks[0]?.bits
  const isOneLength = bits !== undefined && blocks.every((block) => block.bits === bits)
  const first = (address: Address) => firstBits(address, bits ?? 0)
  return {
    text: `${name}: ${written(texts)}`,
    holds: (subject) => {
      const address = of(subject)?.address
      return address !== undefined && blocks.some((block) => contains(block, address))
    },
    failure: (subject) => `${shown(name, of(subject)?.facts.address)}, not ${written(texts)}`,
    ...isOneLength && {
      key: {
        fact: `${name}, first ${bits} bits`,
        values: blocks.map(({ groups }) => first(groups)),
        isWhole: true,
        read: (subject: Subject) => { const address = of(subject)?.address; return address && first(address) },
      },
    },
  }
}

/** The first bits of an address as a text, the same for all of one block. */
function firstBits (address: Address, bits: number): string {
  let text = ''
  for (let index = 0; index < bits >> 4; index++) text += String.fromCharCode(address[index] ?? 0)
  return bits & 15 ? text + String.fromCharCode((address[bits >> 4] ?? 0) >> 16 - (bits & 15)) : text
}
