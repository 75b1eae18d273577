import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { ensureTree, type Release } from '../../stack/tree.ts'
import { startMediaSite } from '../support/media-call.ts'
import { openEar, type RtpEar } from '../support/rtp-ear.ts'

/** What more than two parties can do: rtpengine passes the media of each on to whoever subscribes, and mixes nothing. */
const releases = ['bookworm', 'trixie', 'sid'] satisfies Release[]
let marks = 64

interface Reply { sdp: string, 'to-tag': string, 'from-tags': string[] }

async function startSite (t: TestContext, release: Release, args: string[] = []) {
  const { ngpilot, post, rtpengine } = await startMediaSite(t, { rtpengine: { args, tree: await ensureTree({ release }) } })
  const command = async (name: string, body: object): Promise<Reply> => {
    const reply = await fetch(`${ngpilot.url}/v1/calls/call/${name}`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    })
    const text = await reply.text()
    assert.equal(reply.status, 200, `${name}: ${text}`)
    return (JSON.parse(text) as { reply: Reply }).reply
  }
  const open = async () => {
    const mark = ++marks
    return { ...await openEar(t, mark), mark }
  }
  /** An ear for the media of one party. @returns it, and the tag of the subscription */
  const listen = async (fromTag: string): Promise<{ ear: RtpEar, toTag: string }> => {
    const ear = await open()
    const { sdp, 'to-tag': toTag } = await command('subscribe-request', { fromTags: [fromTag] })
    assert.match(sdp, /^a=sendonly/m)
    await command('subscribe-answer', { toTag, sdp: ear.sdp({ direction: 'recvonly' }) })
    return { ear, toTag }
  }
  const end = async () => assert.ok((await fetch(`${ngpilot.url}/v1/calls/call`, { method: 'DELETE' })).ok)
  const calls = async () => (await (await fetch(`${ngpilot.url}/v1/calls`)).json() as { calls: unknown[] }).calls
  return { post, command, open, listen, end, calls, folder: rtpengine.folder }
}

for (const release of releases) {
  test(`a third party listens to a call, and is heard by a fourth (rtpengine of ${release})`, async (t) => {
    const { post, command, open, listen, end, calls } = await startSite(t, release)
    const [alice, bob, announcer] = [await open(), await open(), await open()]
    const both = { callId: 'call', fromTag: 'alice' }
    bob.sendTo(await post('/v1/offer', { ...both, sdp: alice.sdp() }))
    alice.sendTo(await post('/v1/answer', { ...both, toTag: 'bob', sdp: bob.sdp() }))
    await Promise.all([alice.hears(bob.mark), bob.hears(alice.mark)])

    const [toAlice, toBob] = [await listen('alice'), await listen('bob')]
    await Promise.all([toAlice.ear.hears(alice.mark), toBob.ear.hears(bob.mark)])
    announcer.sendTo((await command('publish', { fromTag: 'announcer', sdp: announcer.sdp({ direction: 'sendonly' }) })).sdp)
    const toAnnouncer = await listen('announcer')
    await toAnnouncer.ear.hears(announcer.mark)
    await Promise.all([alice.hears(bob.mark), bob.hears(alice.mark)])

    await command('unsubscribe', { toTag: toAlice.toTag })
    await toAlice.ear.hearsNothing()
    await Promise.all([toBob.ear.hears(bob.mark), bob.hears(alice.mark)])
    await end()
    for (const ear of [alice, bob, toBob.ear, toAnnouncer.ear]) await ear.hearsNothing()
    assert.deepEqual(await calls(), [])
  })

  test(`a conference of three: each publishes and hears the two others (rtpengine of ${release})`, async (t) => {
    const { command, open, listen, end, calls } = await startSite(t, release)
    const parties = await Promise.all(['ann', 'ben', 'cid'].map(async (tag) => ({ tag, ...await open() })))
    for (const party of parties) {
      party.sendTo((await command('publish', { fromTag: party.tag, sdp: party.sdp({ direction: 'sendonly' }) })).sdp)
    }
    for (const hearer of parties) {
      for (const speaker of parties) {
        if (speaker === hearer) continue
        const { ear } = await listen(speaker.tag)
        await ear.hears(speaker.mark)
      }
    }
    assert.equal((await calls()).length, 1)
    await end()
    assert.deepEqual(await calls(), [])
  })
}

test('a call is recorded from its start-recording to its stop-recording: what each party says, and nothing after', async (t) => {
  const args = ['--recording-method=pcap', '--recording-dir=/srv/recordings', '--recording-format=eth']
  const { post, command, open, end, folder } = await startSite(t, 'trixie', args)
  const [alice, bob] = [await open(), await open()]
  const both = { callId: 'call', fromTag: 'alice' }
  bob.sendTo(await post('/v1/offer', { ...both, sdp: alice.sdp() }))
  alice.sendTo(await post('/v1/answer', { ...both, toTag: 'bob', sdp: bob.sdp() }))
  await Promise.all([alice.hears(bob.mark), bob.hears(alice.mark)])
  await command('start-recording', {})
  await Promise.all([alice.hears(bob.mark), bob.hears(alice.mark)])
  await command('stop-recording', {})
  const [late, later] = [await open(), await open()]
  bob.sendTo(await post('/v1/offer', { ...both, toTag: 'bob', sdp: late.sdp({ version: 2 }) }))
  late.sendTo(await post('/v1/answer', { ...both, toTag: 'bob', sdp: later.sdp({ version: 2 }) }))
  await later.hears(late.mark)
  await end()

  const names = (await readdir(join(folder, 'recordings', 'pcaps'))).filter((name) => name.endsWith('.pcap'))
  assert.equal(names.length, 1)
  const recorded = await readFile(join(folder, 'recordings', 'pcaps', names[0] ?? ''))
  const says = ({ mark }: { mark: number }) => recorded.includes(Buffer.alloc(160, mark))
  assert.deepEqual([alice, bob, late].map(says), [true, true, false])
})
