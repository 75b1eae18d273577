import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StackContext } from '../../stack/context.ts'
import { type MediaWay, startKamailio } from '../../stack/kamailio.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { freePort } from '../../stack/ports.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { startSipp } from '../../stack/sipp.ts'
import { built } from './built.ts'
import { callee } from './kamailio-scenarios.ts'

/**
 * `relay`: ngpilot's place is taken by a process that copies datagrams and does nothing else. `ng, trust`: the script gives
 * the flags, and ngpilot passes commands as they come.
 */
export type Way = 'straight' | 'relay' | MediaWay | 'ng, trust'
export const ways: readonly Way[] = ['straight', 'relay', 'http', 'evapi', 'ng', 'ng, trust']

/**
 * Kamailio with the kamailio.cfg that ships, what it asks in this way, an rtpengine behind that, and a callee for all calls.
 * @param nodeArgs of Node, for ngpilot: `--cpu-prof`
 */
export async function startWay (context: StackContext, way: Way, nodeArgs: readonly string[] = []) {
  const rtpengine = await startRtpengine(context, { rtpPorts: { min: 10_000, max: 30_000 }, logLevel: 3 })
  const [evapiPort, ngPort] = [await freePort(), await freePort()]
  const uas = await startSipp(context, { scenario: callee, calls: 1_000_000, isTracing: false })
  const isDirect = way === 'straight' || way === 'relay'
  const hasFlags = isDirect || way === 'ng, trust'
  const kamailioWay = way === 'http' || way === 'evapi' ? way : 'ng'
  const relay = way === 'relay' ? await startRelay(context, ngPort, rtpengine.port) : undefined
  const ngpilot = isDirect ? undefined : await startNgpilot(context, {
    argv: [...nodeArgs, ...built],
    env: {
      NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}`, NGPILOT_LOG_LEVEL: 'warn',
      NGPILOT_POLICY_DIRECTORY: hasFlags ? await trustingPolicy(context) : 'policy',
      ...(kamailioWay === 'evapi' && { NGPILOT_EVAPI_KAMAILIOS: `127.0.0.1:${evapiPort}` }),
      ...(kamailioWay === 'ng' && { NGPILOT_NG_LISTEN: `127.0.0.1:${ngPort}` }),
    },
  })
  const kamailio = await startKamailio(context, {
    way: kamailioWay, evapiPort,
    settings: {
      ...(ngpilot && { NGPILOT_URL: ngpilot.url }), TRUNK_URI: `sip:127.0.0.1:${uas.port}`,
      NGPILOT_NG: `udp:127.0.0.1:${way === 'straight' ? rtpengine.port : ngPort}`,
    },
    files: hasFlags ? { 'media-ng.cfg': await withFlags() } : {},
  })
  return {
    target: { address: `${kamailio.address}:${kamailio.sipPort}`, domain: kamailio.domain },
    pids: { kamailio: kamailio.pid, between: (ngpilot ?? relay)?.pid, rtpengine: rtpengine.pid },
  }
}

/** A folder with a policy that leaves all to the client. */
async function trustingPolicy (context: StackContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-policy-'))
  context.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'policy.yaml'), 'version: 1\nrules:\n  - { name: the-client-knows, set: { client-flags: trust } }\n')
  return folder
}

/** A process that copies datagrams and does nothing else. */
export async function startRelay (context: StackContext, port: number, rtpenginePort: number) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/bench/bare-relay.ts', String(port), String(rtpenginePort)])
  context.after(async () => {
    if (child.kill()) await once(child, 'exit')
  })
  await once(child.stdout, 'data')
  return { pid: child.pid }
}

/** media-ng.cfg as it would be without ngpilot: the script gives the flags that the policy that ships makes of the call. */
async function withFlags (): Promise<string> {
  const shipped = await readFile('kamailio/media-ng.cfg', 'utf8')
  const flags = 'via-branch=auto-next trust-address replace-origin replace-session-connection'
  return shipped
    .replace('rtpengine_offer("via-branch=auto-next $var(hop)")', `rtpengine_offer("${flags} RTP/AVP ICE=remove strip-extmap")`)
    .replace('rtpengine_answer("via-branch=auto-next")', `rtpengine_answer("${flags} ICE=remove strip-extmap")`)
}
