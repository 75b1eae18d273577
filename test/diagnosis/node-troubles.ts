import { setTimeout as sleep } from 'node:timers/promises'
import type { StackContext } from '../../stack/context.ts'
import { claimPortRange } from '../../stack/ports.ts'
import type { RtpengineOptions } from '../../stack/rtpengine.ts'
import { mediaCall, type MediaCallOptions, startMediaSite } from '../support/media-call.ts'
import { findingsIn } from './troubles.ts'

/** A trouble of an rtpengine, so that each has one of its own. */
export interface NodeTrouble {
  name: string
  expected: string[]
  within: number
  rtpengine: (t: StackContext) => Promise<RtpengineOptions>
  options?: Omit<MediaCallOptions, 'callId'>
  isSilent?: boolean
}

const onHold = (sdp: string) => sdp.replace('a=sendrecv', 'a=inactive')

export const nodeTroubles: NodeTrouble[] = [
  {
    name: 'rtpengine gives the call up (timeout 8 s)', expected: ['DX-05', 'DX-15'], within: 60, isSilent: true,
    rtpengine: () => Promise.resolve({ args: ['--timeout=8'] }),
  },
  {
    name: 'and one on hold (silent-timeout 8 s)', expected: ['DX-16'], within: 60, isSilent: true,
    rtpengine: () => Promise.resolve({ args: ['--silent-timeout=8'] }), options: { edit: { caller: onHold, callee: onHold } },
  },
  {
    name: 'a node with 42 ports', expected: ['DX-23'], within: 20,
    async rtpengine (t) {
      const { min } = await claimPortRange(t)
      return { rtpPorts: { min, max: min + 41 } }
    },
  },
]

/** Makes the trouble on an rtpengine of its own; `tree`: another Debian's. */
export async function makeOnNode (
  t: StackContext, trouble: NodeTrouble, tree?: string,
): Promise<{ trouble: NodeTrouble, found: string[], afterSeconds?: number }> {
  const { expected, within, isSilent = false, options = {} } = trouble
  const site = await startMediaSite(t, { rtpengine: { ...await trouble.rtpengine(t), ...tree !== undefined && { tree } } })
  const begun = performance.now()
  const call = await mediaCall(t, site, { callId: 'trouble', ...options })
  if (isSilent) {
    call.caller.silence()
    call.callee.silence()
  }
  let found: string[] = []
  while (performance.now() - begun < within * 1000) {
    await sleep(300)
    found = findingsIn(site.ngpilot.logs())
    if (found.length >= expected.length) return { trouble, found, afterSeconds: (performance.now() - begun) / 1000 }
  }
  return { trouble, found }
}
