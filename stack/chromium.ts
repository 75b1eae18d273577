import { access } from 'node:fs/promises'
import { type Browser, chromium } from 'playwright-core'
import type { StackContext } from './context.ts'
import { aptInstall } from './apt.ts'

const executablePath = '/usr/bin/chromium'

/** Chromium is of the host, not of the tree: installs it by apt-get when it is missing and we are root. */
export async function ensureChromium (onProgress: (line: string) => void = () => undefined): Promise<void> {
  const isThere = await access(executablePath).then(() => true, () => false)
  if (isThere) return
  if (process.getuid?.() !== 0) throw new Error(`${executablePath} is missing; let root run: apt-get install chromium`)
  await aptInstall('chromium', onProgress)
}

export interface ChromiumOptions {
  /** A WAV file that is the microphone, again and again. Default: the beeps that Chromium makes. */
  microphone?: string
  /** Further options, as on the command line. */
  args?: readonly string[]
}

/**
 * Starts a Chromium without a window whose pages may use the microphone unasked and speak WebRTC to loopback.
 *
 * A page must come from http://localhost or https, or it has no microphone; and what it hears is played, thus counted in
 * its statistics, only when the track is attached to an audio element.
 */
export async function launchChromium (context: StackContext, options: ChromiumOptions = {}): Promise<Browser> {
  const { microphone, args = [] } = options
  await ensureChromium()
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    // Who starts it ends it: playwright's own handlers would end this process before anything else is cleaned up.
    handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
      '--allow-loopback-in-peer-connection', '--autoplay-policy=no-user-gesture-required',
      ...(microphone ? [`--use-file-for-fake-audio-capture=${microphone}`] : []),
      ...args,
    ],
  })
  context.after(() => browser.close())
  return browser
}
