import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { debianMirror } from '../../stack/mirror.ts'

const deb822 = `# written by the installer
Types: deb
# a comment inside
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/some-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`

test('reads a deb822 source with its keyring', async (t) => {
  const etc = await etcApt(t, { 'sources.list.d/debian.sources': deb822 })
  assert.deepEqual(await debianMirror('bookworm', etc), {
    uri: 'http://mirror.example/debian', keyring: '/usr/share/keyrings/some-keyring.gpg',
  })
})

test('reads the one-line format, with options or without', async (t) => {
  const etc = await etcApt(t, { 'sources.list': '# deb http://old.example/debian trixie main\ndeb http://one.example/debian/ trixie main contrib # ours\n' })
  assert.deepEqual(await debianMirror('trixie', etc), { uri: 'http://one.example/debian/' })
  const signed = await etcApt(t, { 'sources.list': 'deb [arch=amd64 signed-by=/etc/key.gpg] http://two.example/debian trixie main' })
  assert.deepEqual(await debianMirror('trixie', signed), { uri: 'http://two.example/debian', keyring: '/etc/key.gpg' })
})

test('passes over a key that stands in the source in full', async (t) => {
  const key = ' -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBGE\n -----END PGP PUBLIC KEY BLOCK-----'
  const source = `Types: deb deb-src\nURIs: http://mirror.example/debian\nSigned-By:\n${key}\nSuites: trixie\nComponents: main\n`
  const etc = await etcApt(t, { 'sources.list.d/debian.sources': source })
  assert.deepEqual(await debianMirror('trixie', etc), { uri: 'http://mirror.example/debian' })
})

test('is not led astray by a third party, a switched-off source or sources without binaries', async (t) => {
  const etc = await etcApt(t, {
    'sources.list': 'deb-src http://source.example/debian trixie main',
    'sources.list.d/a.list': 'deb http://third.example/kamailio60 trixie main',
    'sources.list.d/b.sources': 'Enabled: no\nTypes: deb\nURIs: http://off.example/debian\nSuites: trixie\nComponents: main\n',
    'sources.list.d/c.sources': 'Types: deb\nURIs: http://right.example/debian\nSuites: trixie\nComponents: main\n',
    'sources.list.d/d.bak': 'deb http://backup.example/debian trixie main',
  })
  assert.equal((await debianMirror('trixie', etc)).uri, 'http://right.example/debian')
})

test('says what is missing when no source fits', async (t) => {
  const etc = await etcApt(t, { 'sources.list.d/debian.sources': deb822 })
  await assert.rejects(debianMirror('trixie', etc), /no source there has the suite trixie with the component main/)
})

async function etcApt (t: TestContext, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-apt-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}
