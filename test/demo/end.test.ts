import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startDemo } from './run-demo.ts'

/** A folder for temporary files that goes with the test, so that what is left in it is the demo's. */
function temporaryFolder (t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'demo-end-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** The processes below one, itself included: pid → the name of its program. A zombie counts as gone. */
function processesBelow (root: number): Map<number, string> {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => statusOf(Number(name)) ?? [])
  const found = new Map<number, string>()
  const add = (pid: number) => {
    const status = all.find((process) => process.pid === pid)
    if (status) found.set(pid, status.name)
    for (const child of all) if (child.parent === pid) add(child.pid)
  }
  add(root)
  return found
}

function statusOf (pid: number): { pid: number, parent: number, name: string } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)`, 'm').exec(status)?.[1] ?? ''
    return field('State').startsWith('Z') ? undefined : { pid, parent: Number(field('PPid')), name: field('Name') }
  } catch {
    return undefined // It has just ended.
  }
}

for (const [signal, moment] of [
  ['SIGINT', 'Ctrl-C ends everything'], ['SIGTERM', 'Ctrl-C ends everything'], ['SIGINT', 'rtpengine'],
] as const) {
  test(`${signal} after it printed "${moment}" leaves no process and no temporary file`, async (t) => {
    const temporary = temporaryFolder(t)
    const demo = startDemo(['--port', '0'], { env: { ...process.env, TMPDIR: temporary } })
    t.after(() => demo.child.kill('SIGKILL'))
    await demo.shows(moment)
    const processes = processesBelow(demo.child.pid ?? 0)
    assert.ok([...processes.values()].includes('rtpengine'))
    demo.child.kill(signal)
    assert.equal(await demo.ended, 0, demo.printed())
    await sleep(200)
    assert.deepEqual([...processes].filter(([pid, name]) => statusOf(pid)?.name === name), [])
    assert.deepEqual(readdirSync(temporary).filter((name) => name.startsWith('ngpilot-')), [])
  })
}
