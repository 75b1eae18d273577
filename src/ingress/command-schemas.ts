import { Type, type TSchema } from 'typebox'
import { callCommands, type CallCommandName, type CommandShape } from '../calls/commands.ts'

const tag = (description: string) => Type.String({ minLength: 1, maxLength: 512, description })
const text = (description: string, maxLength = 1024) => Type.String({ minLength: 1, maxLength, description })
const whole = (minimum: number, maximum: number, description: string) => Type.Integer({ minimum, maximum, description })

/** What each key of a command takes. */
const keys: Record<string, TSchema> = {
  fromTag: tag('SIP tag of the party.'),
  toTag: tag('SIP tag of the other party, or of the subscriber.'),
  label: tag('The party by its label.'),
  address: Type.String({ maxLength: 64, description: 'The party by the IP address of its SDP.' }),
  fromTags: Type.Array(tag('SIP tag.'), { minItems: 1, maxItems: 64, description: 'SIP tags of the parties.' }),
  setLabel: tag('A label for the subscriber.'),
  metadata: text('Stored beside the recording: key:value pairs joined by "|".', 8192),
  outputDestination: text('Where the recording goes, by the node\'s setup.'),
  recordingFile: text('File of the recording, on the node (from 12.2).'),
  recordingDir: text('Directory of the recording, on the node (from 12.2).'),
  recordingPattern: text('Pattern of its name (from 12.2).'),
  mode: Type.Enum(['drop', 'silence', 'tone', 'random', 'zero', 'DTMF', 'off'], { description: 'What comes in the place of DTMF.' }),
  trigger: text('Digits at which the blocking begins.', 64),
  triggerEnd: text('Digits at which it ends.', 64),
  triggerEndTime: whole(0, 3_600_000, 'Milliseconds after which it ends.'),
  triggerEndDigits: whole(0, 1000, 'Digits after which it ends.'),
  delayBuffer: whole(0, 10_000, 'Milliseconds by which the media are delayed.'),
  delay: whole(0, 10_000, 'Milliseconds by which DTMF is delayed.'),
  file: text('Audio file, on the node.'),
  blob: Type.String({ minLength: 4, pattern: '^[A-Za-z0-9+/]+={0,2}$', title: 'base64', description: 'The audio itself, base64.' }),
  dbId: whole(0, 2 ** 31, 'Row of the node\'s database.'),
  repeatTimes: whole(1, 1_000_000, 'How often it is played.'),
  repeatDuration: whole(1, 86_400_000, 'For how many milliseconds it is repeated (from 13.2).'),
  startPos: whole(0, 86_400_000, 'Milliseconds into the audio where it starts (from 11.2).'),
  code: Type.Unsafe<string | number>({ anyOf: [{ type: 'integer', minimum: 0, maximum: 15 }, { type: 'string', pattern: '^[0-9*#A-D]$', title: 'one of 0–9, *, #, A–D' }], description: 'The digit: 0–9, *, #, A–D, or its number, 0–15.' }),
  duration: whole(100, 5000, 'Milliseconds of the digit (250).'),
  pause: whole(100, 5000, 'Milliseconds of pause after it (100).'),
  volume: whole(-63, 0, 'In dBm0 (-8).'),
  command: text('Its name at rtpengine: connect, create, mesh …', 64),
  sdp: Type.String({ minLength: 1, maxLength: 65_535, description: 'The SDP, CRLF line endings.' }),
}
const flags: Record<string, string> = { all: 'All parties of the call.', siprec: 'As a SIPREC recording session (RFC 7866).' }

/** Commands that make an SDP may be told how, by NG keys of their own. */
export const takesNg: ReadonlySet<CallCommandName> = new Set(['subscribe-request', 'publish'])

const party = { fromTag: '9fxced76sl' }
const examples: Record<CallCommandName, object> = {
  query: {},
  'start-recording': { metadata: 'agent:7' },
  'stop-recording': {},
  'pause-recording': {},
  'start-forwarding': party,
  'stop-forwarding': party,
  'block-dtmf': { fromTag: '9fxced76sl', mode: 'silence' },
  'unblock-dtmf': party,
  'block-media': party,
  'unblock-media': party,
  'silence-media': party,
  'unsilence-media': party,
  'play-media': { fromTag: '9fxced76sl', file: '/usr/share/audio/wait.wav', repeatTimes: 2 },
  'stop-media': party,
  'play-dtmf': { fromTag: '9fxced76sl', code: '5', duration: 250 },
  'subscribe-request': { fromTags: ['9fxced76sl'] },
  'subscribe-answer': { toTag: 'subscriber-1', sdp: 'v=0\r\n…' },
  unsubscribe: { toTag: 'subscriber-1' },
  publish: { fromTag: 'announcer', sdp: 'v=0\r\n…' },
  ng: { command: 'connect', 'from-tag': '9fxced76sl', 'to-call-id': 'another-call', 'to-tag': '8fxced76sl' },
}

/** The body of a command, as it is checked and as the API page shows it. */
export function commandSchema (name: CallCommandName) {
  const { keys: names, required = [], flags: flagNames = {}, isOpen }: CommandShape = callCommands[name]
  const optional = (key: string, schema: TSchema): TSchema => required.includes(key) ? schema : Type.Optional(schema)
  return Type.Object({
    ...Object.fromEntries(Object.keys(names).map((key) => [key, optional(key, keys[key] ?? Type.String())])),
    ...Object.fromEntries(Object.keys(flagNames).map((key) => [key, Type.Optional(Type.Literal(true, { description: flags[key] ?? '' }))])),
    ...(takesNg.has(name) && {
      ng: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'NG keys for the SDP by their own names: ICE, transport-protocol, codec …' })),
    }),
  }, { additionalProperties: isOpen === true, examples: [examples[name]] })
}
