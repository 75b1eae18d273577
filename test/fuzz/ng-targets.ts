import { createHandler } from '../../src/ingress/ng/handler.ts'
import { decode, encode } from '../../src/ng/codec.ts'
import { writeJson } from '../../src/ng/json.ts'
import { corpus } from '../transparency/corpus.ts'
import { refusing, type Target } from './target.ts'

const commands = corpus.filter((_, index) => index % 7 === 0).flatMap(({ commands }) => commands)
  .filter((step) => typeof step !== 'function')
// Short ones: what a change may break in audio it may break in an SDP.
const bencoded = commands.map((command, index) => encode(`c${index}`, command)).filter(({ length }) => length < 8000)
const json = commands.slice(0, 60).map((command, index) => Buffer.concat([Buffer.from(`j${index} `), writeJson(command)]))
const odd = [
  Buffer.from('c d9:__proto__d8:polluted4:true6:resulti007eee'), Buffer.from(`c ${'l'.repeat(400)}`), Buffer.from(`c ${'['.repeat(400)}`),
  Buffer.from('c d10:rtpp-flags30:trunk=acme replace-origin a=b=ce'), Buffer.from('c {"command":"ping","x":[[[{}]]]}'),
  Buffer.from('c d10:rtpp-flags54:trunk=[a b] replace=[origin sdp-attr=[audio=[remove=[xe'),
]

/** The codec alone: what it reads it can write, and reads the same again. */
export const codec: Target = {
  name: 'bencode and JSON',
  seeds: [...bencoded, ...json, ...odd],
  alphabet: Buffer.from('deli0123456789:-+. \xff\x00_p{}[]",', 'latin1'),
  run (input) {
    const read = refusing(() => decode(input))
    if (!read) return 'refused'
    const again = decode(encode(read.cookie, read.message)).message
    // JSON can hold half a surrogate pair, which no UTF-8 can.
    if (JSON.stringify(again) !== JSON.stringify(read.message).replaceAll(/\\ud[89a-f][0-9a-f]{2}/g, '\uFFFD')) throw new Error('what was read is written otherwise')
    return 'taken'
  },
}

/** The whole NG ingress but its sockets: each message has one answer, or is counted as ignored or repeated. */
export function ngMessages (): Target {
  let told: string[] = []
  const { handle } = createHandler({
    calls: {
      relay: ({ media }) => Promise.resolve({ outcome: media ? { sdp: media.sdp } : {} }),
      wholeFleet: ({ message }) => Promise.resolve({ reply: message }),
    },
    admission: { turn: () => Promise.resolve(performance.now() + 1000) },
    observer: {
      answered: (_, command, result) => { told.push(`${command} ${result}`) },
      repeated: () => { told.push('repeated') },
      ignored: () => { told.push('ignored') },
    },
    log: { info: () => undefined, warn: () => undefined },
    maxBytes: 8 * 1024 ** 2,
  })
  return {
    name: 'NG messages',
    seeds: codec.seeds,
    alphabet: codec.alphabet,
    async run (input, random) {
      told = []
      let answers = 0
      handle(input, `127.0.0.1 ${random(50_000)}`, (reply) => {
        decode(reply, 1024 ** 2)
        answers++
      }, 65_507)
      for (let turns = 0; told.length === 0 && turns < 50; turns++) await Promise.resolve()
      for (let turns = 0; answers === 0 && told[0] !== 'ignored' && turns < 50; turns++) await Promise.resolve()
      const [what = 'nothing'] = told
      if (told.length !== 1 || answers !== (what === 'ignored' ? 0 : 1)) throw new Error(`${answers} answers, told ${told.join(', ') || 'nothing'}`)
      if (what.endsWith(' internal')) throw new Error(`a fault of ngpilot's own: ${what}`)
      return what.endsWith(' ok') || what === 'repeated' ? 'taken' : 'refused'
    },
  }
}
