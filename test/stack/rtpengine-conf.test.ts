import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { startDaemon } from '../../stack/daemon.ts'
import { freePort } from '../../stack/ports.ts'
import { answersPing } from '../../stack/rtpengine.ts'
import { runCommand } from '../../stack/command.ts'
import { ensureTree } from '../../stack/tree.ts'

const path = new URL('../../rtpengine/rtpengine.conf', import.meta.url)

test('rtpengine runs with the configuration that ships', async (t) => {
  const conf = await readFile(path, 'utf8')
  const [port, cliPort] = [await freePort(), await freePort()]
  await startDaemon(t, {
    name: 'rtpengine',
    files: { 'rtpengine.conf': conf },
    argv: [
      'rtpengine', '--config-file=/srv/rtpengine.conf', '--foreground', '--log-stderr',
      `--listen-ng=127.0.0.1:${port}`, `--listen-cli=127.0.0.1:${cliPort}`,
    ],
    isReady: () => answersPing('127.0.0.1', port),
  })
})

test('every key of it, commented out or not, is an option that rtpengine knows: others it ignores in silence', async () => {
  const conf = await readFile(path, 'utf8')
  const keys = [...conf.matchAll(/^(?:# )?([a-z][a-z-]+) = /gm)].map(([, key]) => key)
  assert.ok(keys.length > 15)
  const help: string[] = []
  await runCommand(['chroot', await ensureTree(), 'rtpengine', '--help-all'], (line) => help.push(line))
  assert.deepEqual(keys.filter((key) => !help.some((line) => line.includes(`--${key}=`))), [])
})
