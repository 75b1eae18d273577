import { tone } from '../../stack/tone.ts'
import { encodeWav } from '../../stack/wav.ts'
import type { NgDictionary } from '../../src/ng/types.ts'
import { answer, type Sequence, type Step } from './sequence.ts'

const id = { 'call-id': 'a call with more parties' }
const running: NgDictionary[] = [
  { ...id, 'from-tag': 'a', label: 'caller', sdp: answer, command: 'offer' },
  { ...id, 'from-tag': 'a', 'to-tag': 'b', label: 'callee', sdp: answer, command: 'answer' },
]
const end: NgDictionary = { ...id, 'delete-delay': 0, command: 'delete' }
const query: NgDictionary = { ...id, command: 'query' }
const way = (sdp: string, direction: string) => Buffer.from(sdp.replace('a=sendrecv', `a=${direction}`))
const listening = way(answer.toString(), 'recvonly')
const oneMedia = /^m=[^]*/m.exec(listening.toString())?.[0] ?? ''
const listeningToBoth = Buffer.concat([listening, Buffer.from(oneMedia)])

/** The tag that rtpengine has given to who subscribed, by the reply to that. */
const subscriber = (replies: readonly NgDictionary[]) => {
  const tag = replies.findLast((reply) => reply['to-tag'] !== undefined)?.['to-tag']
  return typeof tag === 'string' ? tag : 'nobody'
}

function subscription (name: string, asks: NgDictionary, sdp: Buffer): Sequence {
  const answered: Step = (replies) => ({ ...id, 'to-tag': subscriber(replies), flags: ['allow transcoding'], sdp, command: 'subscribe answer' })
  const left: Step = (replies) => ({ ...id, 'to-tag': subscriber(replies), command: 'unsubscribe' })
  const ask = { ...id, ...asks, command: 'subscribe request' }
  return { name: `subscribe, ${name}`, commands: [...running, ask, answered, query, left, query, ask, answered, ...running, end, query] }
}

/** Whoever listens to a call, or is announced to it. */
export function* subscriptions (): Iterable<Sequence> {
  yield subscription('all', { flags: ['all'] }, listeningToBoth)
  yield subscription('SIPREC', { flags: ['all', 'SIPREC'] }, listeningToBoth)
  yield subscription('both by their tags', { 'from-tags': ['a', 'b'] }, listeningToBoth)
  yield subscription('both in the other order', { 'from-tags': ['b', 'a'] }, listeningToBoth)
  yield subscription('both by words of flags', { flags: ['from-tags-a', 'from-tags-b'] }, listeningToBoth)
  yield subscription('one by its tag', { 'from-tag': 'a' }, listening)
  yield subscription('one by its label', { label: 'callee', 'set-label': 'listener' }, listening)
  yield subscription('one by its address', { address: '127.0.0.1' }, listening)
  yield subscription('with a tag of its own', { 'from-tag': 'a', 'to-tag': 'own' }, listening)
  yield subscription('transcoding', { 'from-tag': 'a', codec: { transcode: ['PCMA'], strip: ['PCMU'] } }, listening)
  yield subscription('encrypted', { 'from-tag': 'a', 'transport-protocol': 'RTP/SAVP', ICE: 'force' }, listening)
  yield subscription('inactive', { 'from-tag': 'a', flags: ['inactive'] }, listening)
  // Without an unsubscribe: rtpengine 12.5 says ok to one of a stranger, and answers no more commands of that call.
  yield { name: 'subscribe, nobody', commands: [
    ...running, { ...id, 'from-tag': 'z', command: 'subscribe request' }, { ...id, 'to-tag': 'z', sdp: listening, command: 'subscribe answer' },
    query, end, query,
  ] }
  const published = { ...id, 'from-tag': 'p', sdp: way(answer.toString(), 'sendonly') }
  const heard: Step = (replies) => ({ ...id, 'to-tag': subscriber(replies), sdp: listening, command: 'subscribe answer' })
  for (const flags of [{}, { flags: ['trust-address'], ICE: 'force' }, { codec: { transcode: ['PCMA'] } }, { label: 'announcer' }]) {
    yield { name: `publish ${JSON.stringify(flags)}`, commands: [
      { ...published, ...flags, command: 'publish' }, { ...id, 'from-tag': 'p', command: 'subscribe request' }, heard, query,
      { ...published, ...flags, command: 'publish' }, end, query,
    ] }
  }
}

const wav = encodeWav(tone(440))

/** What else a client may have done in a running call, and in one that it has made up. */
export function* doings (): Iterable<Sequence> {
  const inCall = (name: string, ...commands: NgDictionary[]): Sequence => ({
    name, commands: [...running, ...commands.map((command) => ({ ...id, ...command })), query, end, query],
  })
  yield inCall('audio as a file of bytes',
    { 'from-tag': 'a', blob: wav, 'repeat-times': 2, command: 'play media' }, { 'from-tag': 'a', command: 'stop media' },
    { flags: ['all'], blob: wav, 'start-pos': 100, command: 'play media' }, { flags: ['all'], command: 'stop media' },
    { 'from-tag': 'a', blob64: wav.toString('base64'), command: 'play media' }, { 'from-tag': 'a', 'to-tag': 'b', 'db-id': 5, command: 'play media' })
  yield inCall('keys', ...['0', '9', '*', '#', 'D', 12, 16].map((code) => ({ 'from-tag': 'a', code, duration: 150, pause: 100, volume: -8, command: 'play DTMF' })))
  for (const how of ['drop', 'silence', 'tone', 'random', 'zero', 'DTMF', 'off']) {
    yield inCall(`keys blocked, ${how}`,
      { 'from-tag': 'a', 'DTMF-security': how, 'delay-buffer': 200, command: 'block DTMF' },
      { flags: ['all'], 'DTMF-security-trigger': how, trigger: '11', 'trigger-end': '#', 'trigger-end-time': 5000, command: 'block DTMF' },
      { 'from-tag': 'a', frequency: [400, 600], volume: 10, command: 'block DTMF' },
      { 'from-tag': 'a', command: 'unblock DTMF' }, { flags: ['all'], command: 'unblock DTMF' })
  }
  for (const what of ['block media', 'silence media', 'start forwarding', 'start recording']) {
    const undo = what.replace(/^(block|silence) /, 'un$1 ').replace('start', 'stop')
    yield inCall(what, ...[
      {}, { 'from-tag': 'a' }, { 'from-tag': 'a', 'to-tag': 'b' }, { label: 'callee' }, { 'from-label': 'caller', 'to-label': 'callee' },
      { flags: ['all'] }, { flags: ['egress'], 'from-tag': 'a' }, { address: '127.0.0.1' }, { 'from-tags': ['a', 'b'] },
    ].flatMap((whom) => [{ ...whom, command: what }, { ...whom, command: undo }]))
  }
  yield inCall('recording with names', { 'output-destination': 'x', 'recording-file': 'f.wav', 'recording-dir': '/nowhere', metadata: 'a:b', command: 'start recording' },
    { command: 'pause recording' }, { command: 'start recording' }, { flags: ['pause'], command: 'stop recording' })
  const held = way(answer.toString(), 'sendonly')
  yield inCall('music on hold', ...[{ blob: wav }, { blob: wav, connection: 'zero' }, { file: '/nowhere.wav' }, { 'db-id': 7 }].flatMap((moh) => [
    { 'from-tag': 'a', 'to-tag': 'b', moh, sdp: answer, command: 'offer' }, { 'from-tag': 'a', 'to-tag': 'b', sdp: answer, command: 'answer' },
    { 'from-tag': 'a', 'to-tag': 'b', sdp: held, command: 'offer' }, { 'from-tag': 'a', 'to-tag': 'b', sdp: listening, command: 'answer' },
  ]))
  yield inCall('two calls joined',
    { 'from-tag': 'a', 'to-tag': 'b', command: 'connect' }, { 'from-tag': 'a', 'to-tag': 'x', 'to-call-id': 'another call', command: 'connect' },
    { 'from-tags': ['a', 'b'], command: 'mesh' }, { 'from-tag': 'a', 'to-tag': 'b', command: 'unmesh' })
  const codecs = [{ codec: 'PCMU', 'payload type': 0, 'clock rate': 8000 }]
  const asked = { media: [{ type: 'audio', codec: [...codecs] }], 'from-tag': 'made', interface: 'default' }
  yield { name: 'a call of the client\'s own making', commands: [
    { ...id, ...asked, command: 'create' }, (replies) => ({ ...id, 'from-tag': subscriber(replies), sdp: answer, command: 'create answer' }), query, end,
    { ...id, ...asked, command: 'transform' }, query, end, { ...id, 'from-tag': 'a', command: 'inject start' }, { ...id, 'from-tag': 'a', command: 'inject stop' }, end,
  ] }
}
