import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type Page, chromium } from 'playwright-core'
import type { StackContext } from './context.ts'
import { tone } from './tone.ts'
import { aptInstall } from './tree.ts'
import { encodeWav } from './wav.ts'

const executablePath = '/usr/bin/chromium'

/** Installs Debian's Chromium when there is none; needs root for that. */
export async function ensureChromium (options: { onProgress?: (line: string) => void } = {}): Promise<void> {
  const { onProgress = () => undefined } = options
  if (await stat(executablePath).then(() => true, () => false)) return
  if (process.getuid?.() !== 0) throw new Error(`cannot install ${executablePath}: only root may; apt-get install chromium`)
  await aptInstall('chromium', onProgress)
}

export interface ChromiumOptions {
  /** What its microphone hears. Default: 440. */
  toneHz?: number
}

/** Starts headless Chromium with a page of its own. It may use the microphone, and finds peers on 127.0.0.1. */
export async function startChromium (
  context: StackContext, { toneHz = 440 }: ChromiumOptions = {},
): Promise<{ browser: Browser, page: Page }> {
  await ensureChromium()
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-chromium-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const microphone = join(folder, 'microphone.wav')
  await writeFile(microphone, encodeWav(tone(toneHz, { seconds: 10, sampleRate: 48_000 })))
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-audio-capture=${microphone}`, '--allow-loopback-in-peer-connection',
      '--autoplay-policy=no-user-gesture-required',
    ],
  })
  context.after(() => browser.close())
  return { browser, page: await browser.newPage() }
}
