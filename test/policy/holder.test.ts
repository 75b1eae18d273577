import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPolicyHolder, type HolderOptions, type PolicyHolder } from '../../src/policy/holder.ts'
import type { Policy } from '../../src/policy/types.ts'
import { shareOf } from '../../src/policy/share.ts'
import { policyDirectory } from './directory.ts'

const good = (profile: string) => `version: 1\nprofiles: { ${profile}: { extends: sip } }\nendpoints: [{ profile: ${profile} }]\n`
const failing = 'version: 1\ntests: [{ name: never, facts: {}, expect: { receiver: sip } }]\n'

async function start (t: TestContext, options: Omit<HolderOptions, 'observer'>) {
  const seen: string[] = []
  const holder = await createPolicyHolder({
    ...options,
    observer: {
      loaded: (revision) => { seen.push(`loaded ${revision}`) },
      forgotten: (revision) => { seen.push(`forgotten ${revision}`) },
      refused: (problem) => { seen.push(`refused ${problem}`) },
      fellBack: (revision) => { seen.push(`fell back ${revision}`) },
      troubled: (message) => { seen.push(`troubled ${message}`) },
      doubted: (revision, findings) => { seen.push(`doubted ${revision} ${findings.map(({ code }) => code).join(' ')}`) },
      candidate: (result) => { seen.push(`candidate ${result}`) },
    },
  })
  t.after(() => holder.close())
  return { holder, seen }
}

async function folder (t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ngpilot-state-'))
  t.after(async () => rm(path, { recursive: true }))
  return path
}

async function until (isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    if (tries > 1000) throw new Error('did not come to be in 20 s')
    await sleep(20)
  }
}

const profileOf = ({ current }: Pick<PolicyHolder, 'current'>): string | undefined => current().endpoints[0]?.profile

test('a rule for a set that no node is in is told in the log and the status, as long as it is so', async (t) => {
  const directory = await policyDirectory(t, { 'a.yaml': 'version: 1\nsets: [de]\nrules: [{ name: home, set: { nodes: de } }]\n' })
  let sets: string[] = []
  const { holder, seen } = await start(t, { directory, lintAfterMs: 0, sets: () => sets })
  assert.deepEqual(holder.status().warnings, [])
  sets = ['default', 'fr']
  await until(() => seen.some((line) => line.startsWith('doubted')))
  assert.match(seen.at(-1) ?? '', /^doubted \S+ PO-05/)
  assert.deepEqual(holder.status().warnings.map((text) => text.replace(`${directory}/`, '')), [
    'a.yaml:3:37: rule home sends calls to the set "de", in which there is no rtpengine; there are default, fr',
  ])
  sets = ['de']
  assert.deepEqual(holder.status().warnings, [])
})

test('a reload swaps in what is good; what is broken, or fails its tests, changes nothing', async (t) => {
  const directory = await policyDirectory(t, { 'a.yaml': good('one') })
  const { holder, seen } = await start(t, { directory })
  const first = holder.current()
  await writeFile(join(directory, 'a.yaml'), 'version: 2\n')
  await holder.reload()
  assert.equal(holder.current(), first)
  assert.match(holder.problem() ?? '', /a\.yaml:1:10: version: must be 1, found 2/)
  await writeFile(join(directory, 'a.yaml'), good('two'))
  await writeFile(join(directory, 'a.test.yaml'), failing)
  await holder.reload()
  assert.equal(holder.current(), first)
  assert.match(holder.problem() ?? '', /a\.test\.yaml:2:9: test "never" fails: receiver: expected sip, found two/)
  await rm(join(directory, 'a.test.yaml'))
  await holder.reload()
  assert.equal(profileOf(holder), 'two')
  assert.equal(holder.problem(), undefined)
  assert.deepEqual(seen.map((word) => word.split(' ')[0]), ['loaded', 'refused', 'refused', 'loaded'])
})

test('what is wrong with a policy that serves is told after it was loaded, and not again', async (t) => {
  const wrong = (rules: number) => `version: 1
profiles: { a: { extends: sip, ng: { flags: [port-latching, no-port-latching] } } }
endpoints: [{ profile: a }]
rules: [${Array.from({ length: rules }, (_, index) => `{ name: r${index}, match: { vars: { trunk: t${index} } }, set: { tos: 1 } }`).join(', ')}]
`
  const directory = await policyDirectory(t, { 'a.yaml': wrong(1) })
  const { holder, seen } = await start(t, { directory, lintAfterMs: 1 })
  const doubts = () => seen.filter((word) => word.startsWith('doubted'))
  await until(() => doubts().length === 1)
  assert.deepEqual(doubts(), [`doubted ${holder.current().revision} NG-13`])
  await holder.reload()
  await writeFile(join(directory, 'a.yaml'), wrong(60)) // in the thread
  await holder.reload()
  await until(() => doubts().length === 2)
  assert.deepEqual(doubts()[1], `doubted ${holder.current().revision} NG-13`)
})

test('a rule found aside stands at the place that the file has it', async (t) => {
  const directory = await policyDirectory(t, { 'a.yaml': `${good('one')}rules:\n  - name: r\n    set: { ng: { TOS: 8 } }\n  - name: s\n    reject: { code: 603, reason: No }\n` })
  const { holder } = await start(t, { directory })
  const before = holder.current()
  await holder.reload()
  assert.notEqual(holder.current(), before)
  const placesOf = ({ rules }: Policy) => rules.map(({ place, effect }) => [place, effect.places])
  assert.deepEqual(placesOf(holder.current()), placesOf(before))
  assert.deepEqual(holder.current().profiles, before.profiles)
  assert.equal(before.rules[0]?.place.line, 5)
  assert.equal(before.rules[1]?.effect.places.get('reject')?.line, 8)
})

test('a change of the files is found, also when a file is renamed into place', async (t) => {
  const directory = await policyDirectory(t, { 'a.yaml': good('one') })
  const { holder } = await start(t, { directory, isWatched: true })
  await writeFile(join(directory, '.a.yaml.new'), good('two'))
  await rename(join(directory, '.a.yaml.new'), join(directory, 'a.yaml'))
  await until(() => profileOf(holder) === 'two')
  await writeFile(join(directory, 'a.yaml'), 'broken: [')
  await until(() => holder.problem() !== undefined)
  assert.equal(profileOf(holder), 'two')
})

test('a folder that takes the place of another, behind a link or moved there, is watched from then on', async (t) => {
  const around = await folder(t)
  const [one, two, link] = [await policyDirectory(t, { 'a.yaml': good('one') }), await policyDirectory(t, { 'a.yaml': good('two') }), join(around, 'policy')]
  await symlink(one, link)
  const { holder } = await start(t, { directory: link, isWatched: true })
  await symlink(two, `${link}.new`)
  await rename(`${link}.new`, link)
  await until(() => profileOf(holder) === 'two')
  await writeFile(join(two, 'a.yaml'), good('three'))
  await until(() => profileOf(holder) === 'three')
})

test('a promoted candidate is rolled back also while the files of the policy are broken, and after a restart', async (t) => {
  const [directory, next, stateDirectory] = [await policyDirectory(t, { 'a.yaml': good('one') }), await policyDirectory(t, { 'a.yaml': good('two') }), await folder(t)]
  const options = { directory, stateDirectory, candidate: { directory: next, percent: 0 } }
  const { holder: first } = await start(t, options)
  await first.promote()
  const { holder } = await start(t, options)
  assert.deepEqual([profileOf(holder), holder.status().isPromoted], ['two', true])
  await writeFile(join(directory, 'a.yaml'), 'broken: [')
  await holder.rollBack()
  assert.deepEqual([profileOf(holder), holder.status().isPromoted], ['one', false])
  assert.match(holder.status().problem ?? '', /not YAML/)
  const { holder: after } = await start(t, options)
  assert.deepEqual([profileOf(after), after.status().isFallback], ['one', true])
})

test('the last good policy survives a restart with broken files, and says so', async (t) => {
  const [directory, stateDirectory] = [await policyDirectory(t, { 'a.yaml': good('one') }), await folder(t)]
  const before = await start(t, { directory, stateDirectory })
  const { revision } = before.holder.current()
  await writeFile(join(directory, 'a.yaml'), 'broken: [')
  const { holder, seen } = await start(t, { directory, stateDirectory })
  assert.equal(holder.current().revision, revision)
  assert.ok(holder.status().isFallback)
  assert.match(holder.status().problem ?? '', /a\.yaml:1:\d+: /)
  assert.deepEqual(seen, [`loaded ${revision}`, `fell back ${revision}`])
  await writeFile(join(directory, 'a.yaml'), good('two'))
  await holder.reload()
  assert.ok(!holder.status().isFallback)
  await assert.rejects(start(t, { directory: await policyDirectory(t, { 'a.yaml': 'broken: [' }), stateDirectory: await folder(t) }), { code: 'policy_invalid' })
})

test('a canary gets its share of new calls, and each call keeps its policy', async (t) => {
  const [directory, next] = [await policyDirectory(t, { 'a.yaml': good('one') }), await policyDirectory(t, { 'a.yaml': good('two') })]
  const { holder, seen } = await start(t, { directory, candidate: { directory: next, percent: 0 } })
  const old = holder.current().revision
  const calls = Array.from({ length: 2000 }, (_, index) => `call-${index}@example.com`)
  const shareOfNew = () => calls.filter((call) => holder.forCall(call).revision !== old).length / calls.length
  assert.equal(shareOfNew(), 0)
  assert.equal(holder.shadow()?.endpoints[0]?.profile, 'two')
  holder.setCanary(25)
  assert.equal(seen.at(-1), 'candidate share')
  assert.ok(Math.abs(shareOfNew() - 0.25) < 0.05, String(shareOfNew()))
  const canary = calls.find((call) => shareOf(`canary ${call}`) < 25) ?? ''
  const fresh = holder.forCall(canary).revision
  await holder.rollBack()
  assert.equal(holder.forCall(canary).revision, old)
  assert.equal(holder.forCall(canary, fresh).revision, fresh, 'a call that began with it')
  await writeFile(join(next, 'a.yaml'), 'broken: [')
  await holder.reload()
  assert.throws(() => holder.setCanary(10), /the candidate is refused: .*a\.yaml:1:/)
  assert.equal(holder.forCall(canary, fresh).revision, fresh)
})

test('a promoted candidate serves on after a restart, until the files of the policy change', async (t) => {
  const [directory, next, stateDirectory] = [await policyDirectory(t, { 'a.yaml': good('one') }), await policyDirectory(t, { 'a.yaml': good('two') }), await folder(t)]
  const options = { directory, stateDirectory, candidate: { directory: next, percent: 50 } }
  const { holder } = await start(t, options)
  await holder.promote()
  assert.equal(profileOf(holder), 'two')
  await holder.reload()
  assert.equal(profileOf(holder), 'two')
  const again = await start(t, options)
  assert.equal(profileOf(again.holder), 'two')
  assert.ok(again.holder.status().isPromoted)
  await again.holder.rollBack()
  assert.equal(profileOf(again.holder), 'one')
  await again.holder.promote()
  await writeFile(join(directory, 'a.yaml'), good('three'))
  await again.holder.reload()
  assert.equal(profileOf(again.holder), 'three')
  assert.ok(!again.holder.status().isPromoted)
})

test('many reloads at once are one load after another, and the last one sees the last files', async (t) => {
  const directory = await policyDirectory(t, { 'a.yaml': good('one') })
  const { holder, seen } = await start(t, { directory })
  const reloads = Array.from({ length: 20 }, () => holder.reload())
  await writeFile(join(directory, 'a.yaml'), good('two'))
  await Promise.all([...reloads, holder.reload()])
  assert.equal(profileOf(holder), 'two')
  assert.ok(seen.length <= 4, seen.join(', '))
})
