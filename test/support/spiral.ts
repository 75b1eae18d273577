import type { StackContext } from '../../stack/context.ts'
import { register } from '../stack/fixtures/sip-peer.ts'
import { bye, callerSide, calleeSide, exchange, hearEachOther, openPhone, type Phone } from './sip-call.ts'
import { cancelBack, passOn, sendBack } from './sip-proxy.ts'
import type { Site } from './site.ts'

/**
 * Alice calls an application, which is a proxy and sends the call back to Kamailio, for Bob. All of a call happens to it;
 * at each step both hear each other.
 *
 * @param toldOfCancel whether a CANCEL ends a pass before the INVITE's final failure does
 */
export async function spiral (t: StackContext, site: Site, alice: Phone, bob: Phone, toldOfCancel = true): Promise<void> {
  const { peer: application } = await openPhone(t, 'application', site.kamailio)
  await register(application)
  const through = async () => {
    sendBack(application, await application.receive(/^INVITE/), bob.peer.uri)
    return bob.peer.receive(/^INVITE/)
  }

  alice.peer.request('INVITE', application.uri, { body: alice.sdp() })
  const failing = await through()
  bob.peer.reply(failing, '486 Busy Here')
  const busy = await application.receive(/^SIP\/2.0 486/)
  // The second pass has ended, the first has not.
  await site.has([failing.header('Call-ID')])
  passOn(application, busy)
  await alice.peer.receive(/^SIP\/2.0 486/)
  await site.isEmpty()

  alice.peer.request('INVITE', application.uri, { body: alice.sdp() })
  const ringing = await through()
  bob.peer.reply(ringing, '180 Ringing')
  passOn(application, await application.receive(/^SIP\/2.0 180/))
  await alice.peer.receive(/^SIP\/2.0 180/)
  cancelBack(application, ringing, bob.peer.uri)
  bob.peer.reply(await bob.peer.receive(/^CANCEL/), '200 OK')
  await application.receive(/^SIP\/2.0 200/)
  if (toldOfCancel) await site.has([ringing.header('Call-ID')])
  bob.peer.reply(ringing, '487 Request Terminated')
  passOn(application, await application.receive(/^SIP\/2.0 487/))
  await alice.peer.receive(/^SIP\/2.0 487/)
  await site.isEmpty()

  alice.peer.request('INVITE', application.uri, { body: alice.sdp() })
  const invite = await through()
  bob.sendTo(invite.body)
  bob.peer.reply(invite, '200 OK', { body: bob.sdp() })
  passOn(application, await application.receive(/^SIP\/2.0 200/))
  const ok = await alice.peer.receive(/^SIP\/2.0 200/)
  alice.sendTo(ok.body)
  const [caller, callee] = [callerSide(alice, ok), calleeSide(bob, invite, ok)]
  caller.request('ACK')
  await bob.peer.receive(/^ACK/)
  await hearEachOther(alice, bob)
  const callId = ok.header('Call-ID')
  await site.has([callId, `${callId};pass=1`])
  await exchange(caller, callee)
  await hearEachOther(alice, bob)
  await exchange(callee, caller)
  await hearEachOther(alice, bob)
  await bye(callee, caller)
  await site.isEmpty()
}
