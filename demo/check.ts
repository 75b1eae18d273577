import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { ensureChromium, launchChromium } from '../stack/chromium.ts'
import type { StackContext } from '../stack/context.ts'
import { tone } from '../stack/tone.ts'
import { encodeWav } from '../stack/wav.ts'
import { lastLines, type Stage } from './stage.ts'
import type { Terminal } from './terminal.ts'

export interface CheckOptions { stage: Stage, port: number, terminal: Terminal }

const toneHz = 440
const withinMs = 10_000

/** Places one call with headless Chromium, through the page as a person would, and tells step by step what it saw. */
export async function check (context: StackContext, { stage, port, terminal }: CheckOptions): Promise<boolean> {
  const { say } = terminal
  await ensureChromium(terminal.progress)
  const microphone = await toneFile(context)
  const browser = await launchChromium(context, { microphone })
  const page = await browser.newPage()
  const startedAt = performance.now()
  for (const [what, step] of steps(page, stage, port)) {
    try {
      await step()
      say(`✓ ${what}`)
    } catch (error) {
      say(`✗ ${what}: ${error instanceof Error ? error.message : String(error)}`)
      const problem = await page.getByRole('alert').textContent({ timeout: 500 }).catch(() => '')
      if (problem) say(`  The page says: ${problem}`)
      say(lastLines(stage.programs))
      return false
    }
  }
  say(`The call works (${((performance.now() - startedAt) / 1000).toFixed(1)} s).`)
  return true
}

/** What the browser's microphone hears: whole periods, for it is played again and again. */
async function toneFile (context: StackContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-tone-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'tone.wav')
  await writeFile(file, encodeWav(tone(toneHz, { seconds: 10, sampleRate: 48_000 })))
  return file
}

function steps (page: Page, { media }: Stage, port: number): [string, () => Promise<void>][] {
  const state = page.getByRole('status')
  return [
    ['the page registers at Kamailio', async () => {
      await page.goto(`http://localhost:${port}/`)
      // A steady tone is noise to a browser, and would be suppressed.
      await page.getByRole('checkbox', { name: /Echo cancelling/ }).uncheck()
      await shows(state, /^Ready$/)
    }],
    ['the phone answers', async () => {
      await page.getByRole('button', { name: 'Call' }).click()
      await shows(state, /^In call$/)
    }],
    ['ICE connects', () => shows(page.locator('#ice'), /^connected$/)],
    ['DTLS connects', () => shows(page.locator('#dtls'), /^connected$/)],
    ['the browser\'s leg is opus', () => shows(page.locator('#browser-codec'), /^opus$/)],
    ['the phone\'s leg is PCMU', () => shows(page.locator('#phone-codec'), /^PCMU$/)],
    [`the browser hears its tone of ${toneHz} Hz back`, () => shows(page.locator('#echo-hertz'), nearly(toneHz))],
    ['it hangs up, and rtpengine holds no call', async () => {
      await page.getByRole('button', { name: 'Hang up' }).click()
      await shows(state, /^Ready$/)
      await settles(async () => (await media.calls()).length === 0, () => 'rtpengine still holds the call')
    }],
  ]
}

/** A meter's reading within 3 Hz: a bin of the spectrum is 6 Hz wide. */
function nearly (hertz: number): RegExp {
  return new RegExp(`^(${Array.from({ length: 7 }, (_, index) => hertz - 3 + index).join('|')}) Hz$`)
}

async function shows (place: Locator, text: RegExp): Promise<void> {
  try {
    await place.filter({ hasText: text }).waitFor({ timeout: withinMs })
  } catch {
    throw new Error(`it is "${await place.textContent({ timeout: 500 }).catch(() => '')}" after ${withinMs / 1000} s`)
  }
}

async function settles (isSo: () => Promise<boolean>, what: () => string): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!await isSo()) {
    if (performance.now() > deadline) throw new Error(what())
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
