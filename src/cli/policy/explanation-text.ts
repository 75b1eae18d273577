import type { NgValue } from '../../ng/types.ts'
import type { DecisionExplanation, LegExplanation } from '../../policy/explanation.ts'
import { words } from '../../policy/run-tests.ts'
import type { Place } from '../../policy/problem.ts'
import type { CallFacts, LegName, Tried } from '../../policy/types.ts'
import { columns } from '../columns.ts'
import { seen } from '../wrap.ts'
import type { Style } from '../style.ts'

/** Rules that do not match, shown unless all are asked for. */
const mostOthers = 20

/** `width`: of the terminal, in characters; lines that would be longer are set on several. */
export interface TextOptions { isWhole: boolean, withFacts: boolean, width: number }

/** A decision for a person: facts, legs, rules, and each NG key with the line that it comes from. */
export function explanationText (one: DecisionExplanation, style: Style, options: TextOptions): string[] {
  const { isWhole, withFacts, width } = options
  const { facts, legs, id, revision, reject, reason = '' } = one
  const title = `${facts.command}, call ${facts.callId}${id === undefined ? '' : `, decision ${id}`}, policy ${revision}`
  return [
    `${style.bold(title)}${reject === undefined ? '' : `: ${style.red(`refused with ${reject} ${reason}`.trimEnd())}`}`, '',
    ...withFacts ? [style.bold('Facts'), ...namedText(factRows(facts), width), ''] : [],
    ...(['sender', 'receiver'] as const).flatMap((leg) => [...legText(leg, facts, legs[leg], style, width), '']),
    ...rulesText(one, style, isWhole, width), '',
    ...outcomeText(one, style, width), '',
  ]
}

/** Names and what they are, the latter on as many lines as it takes. */
function namedText (rows: readonly (readonly [name: string, value: string])[], width: number): string[] {
  const room = width - Math.max(...rows.map(([name]) => name.length)) - 2
  return columns(rows.flatMap(([name, value]) => wrapped(value.split(' '), room).map((line, index) => [index === 0 ? name : '', line])))
}

function factRows (facts: CallFacts): [string, string][] {
  const { at, sip, sdp, vars } = facts
  const hints = (all: Record<string, string> = {}) => Object.entries(all).map(([name, value]) => `${name}=${value}`).join('; ')
  const leg = (name: LegName) => {
    const { transport, address, port, uri, profile, vars: own } = facts[name]
    const parts = [profile === undefined ? undefined : `known as ${profile}`, transport, address, port, uri, hints(own)]
    return parts.filter((part) => part !== undefined && part !== '').join(', ') || 'nothing is known'
  }
  const rows: [string, string][] = [['at', new Date(at).toISOString()], ['sender', leg('sender')], ['receiver', leg('receiver')]]
  if (Object.keys(vars).length > 0) rows.push(['vars', hints(vars)])
  if (sip) {
    rows.push(['sip', [sip.status, sip.method].filter((part) => part !== undefined).join(' ')])
    const uris = [['request URI', sip.requestUri], ['From', sip.from], ['To', sip.to]] as const
    for (const [name, uri] of uris) if (uri) rows.push([name, uri.text])
    if (sip.userAgent !== undefined) rows.push(['User-Agent', sip.userAgent])
    for (const [name, value] of Object.entries(sip.headers ?? {})) rows.push([name, value])
  }
  if (sdp) {
    const has = [['ICE', sdp.hasIce], ['DTLS', sdp.hasDtls], ['SDES', sdp.hasSdes], ['private address', sdp.isPrivate]] as const
    const where = [sdp.protocol, sdp.family, sdp.address].filter((part) => part !== undefined)
    rows.push(['sdp', [sdp.media.join(' '), ...where, ...sdp.ptime === undefined ? [] : [`ptime ${sdp.ptime}`], ...has.flatMap(([word, is]) => is ? [word] : [])].join(', ')])
    rows.push(['codecs', sdp.codecs.map(({ name, clockRate }) => `${name}/${clockRate}`).join(' ') || 'none'])
  }
  return rows.map(([name, value]) => [`  ${name}`, printable(value)])
}

function legText (leg: LegName, { caller }: CallFacts, explained: LegExplanation, style: Style, width: number): string[] {
  const { profile, by, line, codecs, media, tried } = explained
  const party = leg === caller ? 'the caller' : 'the callee'
  const how = by === 'call' ? 'the call knows it' : by === 'default' ? 'no endpoint matches' : 'the first endpoint that matches'
  const kin = line.length > 1 ? `extends ${line.slice(1).join(', which extends ')}` : 'a preset'
  const takes = [media.join(' '), codecs === undefined ? 'any codec' : codecs.join(' ')].join(': ')
  const name = `${leg === 'sender' ? 'Sender' : 'Receiver'}, ${party}:`
  const about = `(${kin}; ${how}; takes ${takes})`
  const title = `${style.bold(name)} ${style.green(profile)}`
  const isWide = name.length + profile.length + about.length + 2 <= width
  return [
    ...isWide ? [`${title} ${about}`] : [title, ...wrapped(about.split(' '), width - 2).map((line) => `  ${line}`)],
    ...triedText(tried, style, width),
  ]
}

function rulesText ({ tried, reject }: DecisionExplanation, style: Style, isWhole: boolean, width: number): string[] {
  if (tried.length === 0) return [`${style.bold('Rules:')} none`]
  let others = 0
  const shown = tried.filter(({ isMatch }) => isMatch || isWhole || ++others <= mostOthers)
  const left = tried.length - shown.length
  return [
    style.bold('Rules'), ...triedText(shown, style, width),
    ...left > 0 ? [style.dim(`  and ${left} more that do not match; --all shows them`)] : [],
    ...reject === undefined ? [] : ['  The first that refuses ends it.'],
  ]
}

/** Each on a line, or where one is too long for that, place and reason below the name. */
function triedText (all: readonly Tried[], style: Style, width: number): string[] {
  const mark = ({ isMatch }: Tried) => `  ${isMatch ? style.green('yes') : style.dim('no ')}`
  const whole = columns(all.map((one) => [mark(one), one.name, style.dim(placeText(one.place)), printable(one.why)]))
  if (whole.every((line) => seen(line) <= width)) return whole
  return all.flatMap((one) => [
    `${mark(one)}  ${one.name}`,
    ...wrapped([placeText(one.place), ...printable(one.why).split(' ')], width - 7).map((line) => `       ${line}`),
  ])
}

function outcomeText (explained: DecisionExplanation, style: Style, width: number): string[] {
  const { facts: { command }, reject, nodes, clientFlags, onNodeLoss, origins } = explained
  const beside = [
    ...nodes === undefined ? [] : [`nodes: ${nodes}`],
    ...clientFlags === 'ignore' ? [] : [`client-flags: ${clientFlags}`],
    ...onNodeLoss === 'fail' ? [] : [`on-node-loss: ${onNodeLoss}`],
  ]
  // Words of a list that come from one line stand together.
  const rows: { path: string, values: NgValue[], source: string, place: string }[] = []
  for (const { path, value, source, place } of origins) {
    const last = rows.at(-1)
    const where = place ? placeText(place) : ''
    if (last?.path === path && last.source === source && last.place === where) last.values.push(value)
    else rows.push({ path, values: [value], source, place: where })
  }
  const what = command === 'offer' ? 'the offer' : 'the answer'
  const whole = columns(rows.flatMap(({ path, values, source, place }) => {
    const [first = '', ...more] = wrapped(values.map(words), 50)
    return [[`  ${path}`, style.cyan(first), source, style.dim(place)], ...more.map((text) => ['', style.cyan(text)])]
  }))
  const isWide = whole.every((line) => seen(line) <= width)
  return [
    style.bold(reject === undefined ? `What rtpengine is asked with ${what}` : `What ${what} is refused with; rtpengine is not asked`),
    ...isWide ? whole : rows.flatMap(({ path, values, source, place }) => [
      ...columns(wrapped(values.map(words), width - path.length - 4).map((text, index) => [index === 0 ? `  ${path}` : ' '.repeat(path.length + 2), style.cyan(text)])),
      ...wrapped([...source.split(' '), ...place === '' ? [] : [place]], width - 7).map((line) => `       ${style.dim(line)}`),
    ]),
    ...beside.map((text) => `  ${text}`),
  ]
}

/** Words as lines of so many characters; a word that is longer has a line of its own. */
function wrapped (all: readonly string[], room: number): string[] {
  const lines: string[] = []
  for (const word of all) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > room) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

const placeText = ({ file, line, column }: Place): string => `${file}:${line}:${column}`

/** Facts come from strangers, and control characters could write over what is on the screen. */
const printable = (text: string): string => text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '\uFFFD')
