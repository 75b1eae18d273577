import type { NgValue } from '../../ng/types.ts'
import type { DecisionExplanation, LegExplanation } from '../../policy/explanation.ts'
import { words } from '../../policy/run-tests.ts'
import type { Place } from '../../policy/problem.ts'
import type { CallFacts, LegName, Tried } from '../../policy/types.ts'
import { columns } from '../columns.ts'
import type { Style } from '../style.ts'

/** Rules that do not match, shown unless all are asked for. */
const mostOthers = 20

/** A decision for a person: facts, legs, rules, and each NG key with the line that it comes from. */
export function explanationText (
  one: DecisionExplanation, style: Style, { isWhole, withFacts }: { isWhole: boolean, withFacts: boolean },
): string[] {
  const { facts, legs, id, revision } = one
  return [
    style.bold(`${facts.command}, call ${facts.callId}${id === undefined ? '' : `, decision ${id}`}, policy ${revision}`), '',
    ...withFacts ? [style.bold('Facts'), ...columns(factRows(facts)), ''] : [],
    ...(['sender', 'receiver'] as const).flatMap((leg) => [...legText(leg, facts, legs[leg], style), '']),
    ...rulesText(one, style, isWhole), '',
    ...outcomeText(one, style), '',
  ]
}

function factRows (facts: CallFacts): string[][] {
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

function legText (leg: LegName, { caller }: CallFacts, explained: LegExplanation, style: Style): string[] {
  const { profile, by, line, codecs, media, tried } = explained
  const party = leg === caller ? 'the caller' : 'the callee'
  const how = by === 'call' ? 'the call knows it' : by === 'default' ? 'no endpoint matches' : 'the first endpoint that matches'
  const kin = line.length > 1 ? `extends ${line.slice(1).join(', which extends ')}` : 'a preset'
  const takes = [media.join(' '), codecs === undefined ? 'any codec' : codecs.join(' ')].join(': ')
  return [
    `${style.bold(`${leg === 'sender' ? 'Sender' : 'Receiver'}, ${party}:`)} ${style.green(profile)} (${kin}; ${how}; takes ${takes})`,
    ...columns(tried.map((one) => triedRow(one, style))),
  ]
}

function rulesText ({ tried, reject }: DecisionExplanation, style: Style, isWhole: boolean): string[] {
  if (tried.length === 0) return [`${style.bold('Rules:')} none`]
  let others = 0
  const shown = tried.filter(({ isMatch }) => isMatch || isWhole || ++others <= mostOthers)
  const left = tried.length - shown.length
  return [
    style.bold('Rules'), ...columns(shown.map((one) => triedRow(one, style))),
    ...left > 0 ? [style.dim(`  and ${left} more that do not match; --all shows them`)] : [],
    ...reject === undefined ? [] : ['  The first that refuses ends it.'],
  ]
}

function triedRow ({ name, place, isMatch, why }: Tried, style: Style): string[] {
  return [`  ${isMatch ? style.green('yes') : style.dim('no ')}`, name, style.dim(placeText(place)), printable(why)]
}

function outcomeText (explained: DecisionExplanation, style: Style): string[] {
  const { facts: { command }, reject, nodes, clientFlags, onNodeLoss, origins } = explained
  const beside = [
    ...nodes === undefined ? [] : [`nodes: ${nodes}`],
    ...clientFlags === 'ignore' ? [] : [`client-flags: ${clientFlags}`],
    ...onNodeLoss === 'fail' ? [] : [`on-node-loss: ${onNodeLoss}`],
  ]
  if (reject !== undefined) return [`${style.bold(command === 'offer' ? 'Offer:' : 'Answer:')} ${style.red(`refused with ${reject}`)}`]
  // Words of a list that come from one line stand together.
  const rows: { path: string, values: NgValue[], source: string, place: string }[] = []
  for (const { path, value, source, place } of origins) {
    const last = rows.at(-1)
    const where = place ? placeText(place) : ''
    if (last?.path === path && last.source === source && last.place === where) last.values.push(value)
    else rows.push({ path, values: [value], source, place: where })
  }
  return [
    style.bold(command === 'offer' ? 'What rtpengine is asked with the offer' : 'What rtpengine is asked with the answer'),
    ...columns(rows.flatMap(({ path, values, source, place }) => wrapped(values.map(words)).map((text, index) => {
      return index === 0 ? [`  ${path}`, style.cyan(text), source, style.dim(place)] : ['', style.cyan(text)]
    }))),
    ...beside.map((text) => `  ${text}`),
  ]
}

/** Words as lines of some 50 characters. */
function wrapped (all: readonly string[]): string[] {
  const lines: string[] = []
  for (const word of all) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length > 50) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

const placeText = ({ file, line, column }: Place): string => `${file}:${line}:${column}`

/** Facts come from strangers, and control characters could write over what is on the screen. */
const printable = (text: string): string => text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '\uFFFD')
