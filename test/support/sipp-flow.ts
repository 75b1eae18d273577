import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StackContext } from '../../stack/context.ts'
import { freePort } from '../../stack/ports.ts'
import { type Sipp, startSipp } from '../../stack/sipp.ts'
import { openEar, type RtpEar, type SdpChange } from './rtp-ear.ts'
import { type Scenario, scenariosOf, type SippParty, type Step } from './sipp-scenario.ts'
import type { Site } from './site.ts'

/** Who takes part: the first calls, the others are registered as this user, with this priority. */
export interface PartySpec { name: string, user?: string, q?: string, address?: string }

/** What a check sees: who hears whom, and what each has been sent. */
export interface Flow {
  /** Both send to where the latest SDP that they got says, and hear each other. */
  hear: (one: string, other: string) => Promise<void>
  hearsNothing: (name: string) => Promise<void>
  /** Stops sending. */
  fallsSilent: (name: string) => void
  /** The SDPs that came to a party, in order. */
  sdps: (name: string) => Promise<string[]>
}

interface Party extends Scenario { ear: RtpEar, mark: number, sipp?: Sipp }

let marks = 128
let flows = 0

/**
 * Has SIPp play each party of a flow through Kamailio, each by its own scenario; one that gets another message than the flow
 * says fails. At a check all of them wait, until the test has looked and tells them to go on.
 */
export async function play (t: StackContext, site: Site, specs: PartySpec[], steps: Step<Flow>[]): Promise<void> {
  const callId = `flow-${++flows}-${process.pid}`
  const { domain, sipPort } = site.kamailio
  const parties = new Map<string, Party>()
  const named = await Promise.all(specs.map(async ({ name, user = name, address = '127.0.0.1' }) => {
    const mark = ++marks
    return { name, uri: `sip:${user}${flows}@${domain}`, address, port: await freePort(), ear: await openEar(t, mark, address), mark }
  }))
  const sdpOf = (name: string, change: SdpChange) => named.find((each) => each.name === name)?.ear.sdp(change) ?? ''
  const scenarios = scenariosOf(named, steps, { callId, sdpOf })
  for (const [index, { name, ear, mark }] of named.entries()) {
    parties.set(name, { ...scenarios[index] as Scenario, ear, mark })
  }

  const [caller, ...callees] = named
  if (!caller) throw new Error('nobody calls')
  const start = async ({ name, address, port }: typeof caller, target?: string) => {
    const party = partyOf(name)
    party.sipp = await startSipp(t, {
      scenario: party.xml, address, port, ...(target !== undefined && { target }),
      args: [
        '-cid_str', callId, '-rsa', `127.0.0.1:${sipPort}`, '-recv_timeout', '12000', '-timeout', '60', '-timeout_error',
        '-trace_logs', '-log_file', '/srv/logs.log',
      ],
    })
  }
  function partyOf (name: string): Party {
    const party = parties.get(name)
    if (!party) throw new Error(`nobody is called ${name}`)
    return party
  }
  for (const callee of callees) {
    await register(callee, domain, sipPort, specs.find(({ name }) => name === callee.name)?.q)
    await start(callee)
  }
  await start(caller, `127.0.0.1:${sipPort}`)

  const sdps = async (name: string) => sdpsIn(await partyOf(name).sipp?.messages() ?? '')
  const flow: Flow = {
    sdps,
    async hear (one, other) {
      for (const name of [one, other]) partyOf(name).ear.sendTo((await sdps(name)).at(-1) ?? '')
      await Promise.all([partyOf(one).ear.hears(partyOf(other).mark), partyOf(other).ear.hears(partyOf(one).mark)])
    },
    hearsNothing: (name) => partyOf(name).ear.hearsNothing(),
    fallsSilent: (name) => { partyOf(name).ear.sendTo('') },
  }
  let checks = 0
  for (const [index, step] of steps.entries()) {
    if (!('check' in step)) continue
    const number = ++checks
    const waiting = [...parties.values()].filter((party) => party.checks.includes(number))
    await Promise.all(waiting.map((party) => reaches(party, number)))
    await step.check(flow)
    // Who speaks next goes on last, when the others listen.
    const next = steps.slice(index).find((each) => 'by' in each)?.by
    const [others, speaker] = [waiting.filter(({ name }) => name !== next), waiting.filter(({ name }) => name === next)]
    for (const { address, port, goOn } of [...others, ...speaker]) {
      await send(address, port, goOn[number] ?? '')
    }
  }
  for (const { sipp } of parties.values()) await sipp?.success()
}

/** Waits until SIPp is at a check. @throws Error with what it says when it has ended, or is not there within 20 s */
async function reaches ({ name, sipp }: Party, number: number): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const logs = await readFile(`${sipp?.folder}/logs.log`, 'utf8').catch(() => '')
    if (new RegExp(`check ${number}$`, 'm').test(logs)) return
    const outcome = await Promise.race([sipp?.ended, sleep(50, 'runs')])
    if (outcome !== 'runs') await sipp?.success()
  }
  throw new Error(`${name} has not come to check ${number}:\n${await sipp?.messages()}`)
}

async function send (address: string, port: number, text: string): Promise<void> {
  // SIPp says that it is there a moment before it listens.
  await sleep(50)
  const socket = createSocket('udp4')
  await new Promise((resolve) => socket.send(text, port, address, resolve))
  socket.close()
}

/** Registers from the port that SIPp will have, as Kamailio sends calls to where the REGISTER came from. */
async function register (
  { name, uri, address, port }: SippParty, domain: string, sipPort: number, q?: string,
): Promise<void> {
  const socket = createSocket('udp4')
  socket.bind(port, address)
  await once(socket, 'listening')
  socket.send([
    `REGISTER sip:${domain} SIP/2.0`, `Via: SIP/2.0/UDP ${address}:${port};branch=z9hG4bK${port};rport`, 'Max-Forwards: 70',
    `From: <${uri}>;tag=${port}`, `To: <${uri}>`, `Call-ID: register-${port}-${flows}`, 'CSeq: 1 REGISTER', 'Expires: 60',
    `Contact: <sip:${name}@${address}:${port}>${q === undefined ? '' : `;q=${q}`}`, 'Content-Length: 0', '', '',
  ].join('\r\n'), sipPort, '127.0.0.1')
  const [reply] = await once(socket, 'message', { signal: AbortSignal.timeout(3000) }) as [Buffer]
  socket.close()
  if (!reply.toString().startsWith('SIP/2.0 200')) throw new Error(reply.toString())
}

/** The SDPs of the messages that SIPp's trace says came. */
function sdpsIn (trace: string): string[] {
  const received = trace.split(/^-{10,}.*$/m).filter((entry) => /^UDP message received/m.test(entry))
  return received.flatMap((entry) => /^v=0[\s\S]*/m.exec(entry)?.[0] ?? [])
}
