import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCommand } from '../../stack/command.ts'
import { ensureTree, type Release } from '../../stack/tree.ts'

const versions: Record<Release, { kamailio: RegExp, rtpengine: RegExp }> = {
  bookworm: { kamailio: /^version: kamailio 5\.6\./, rtpengine: /^Version: 10\.5\./ },
  trixie: { kamailio: /^version: kamailio 6\.0\./, rtpengine: /^Version: 12\.5\./ },
  sid: { kamailio: /^version: kamailio 6\.\d+\./, rtpengine: /^Version: 26\./ },
}

for (const [release, { kamailio, rtpengine }] of Object.entries(versions)) {
  test(`a tree of ${release} has Kamailio and rtpengine in the versions that stand for it`, async () => {
    const tree = await ensureTree({ release: release as Release })
    assert.match(await firstLineOf(['chroot', tree, 'kamailio', '-v']), kamailio)
    assert.match(await firstLineOf(['chroot', tree, 'rtpengine', '--version']), rtpengine)
  })
}

async function firstLineOf (command: string[]): Promise<string> {
  const lines: string[] = []
  await runCommand(command, (line) => lines.push(line))
  return lines[0] ?? ''
}
