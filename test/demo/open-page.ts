import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { Cleanup } from '../../demo/cleanup.ts'
import { startServer } from '../../demo/server.ts'
import { type Stage, startStage } from '../../demo/stage.ts'
import { launchChromium } from '../../stack/chromium.ts'
import type { StackContext } from '../../stack/context.ts'
import { tone } from '../../stack/tone.ts'
import { encodeWav } from '../../stack/wav.ts'

export interface OpenPage {
  stage: Stage
  page: Page
  browser: Browser
  /** Of the page. */
  url: string
  /** What a person would see in the terminal. */
  terminal: string[]
}

/** The demo, with its page open in a Chromium that hears 440 Hz; the page is registered and may call. */
export async function openPage (context: StackContext): Promise<OpenPage> {
  const cleanup = new Cleanup()
  context.after(() => cleanup.end())
  const terminal: string[] = []
  const stage = await startStage(cleanup, { addresses: ['127.0.0.1'], terminal: { say: (line) => { terminal.push(line) }, progress: () => undefined } })
  const port = await startServer(cleanup, { port: 0, backend: Promise.resolve(stage.backend) })
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-tone-'))
  cleanup.after(() => rm(folder, { recursive: true, force: true }))
  const microphone = join(folder, 'tone.wav')
  await writeFile(microphone, encodeWav(tone(440, { seconds: 10, sampleRate: 48_000 })))
  const browser = await launchChromium(cleanup, { microphone })
  const url = `http://localhost:${port}/`
  const page = await openTab(browser, url)
  return { stage, page, browser, url, terminal }
}

/** A page of its own; a tone is no voice, so it is not processed as one. */
export async function openTab (browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage()
  page.setDefaultTimeout(30_000)
  await page.goto(url)
  await page.getByRole('checkbox', { name: /Echo cancelling/ }).uncheck()
  await shows(page, 'status', 'Ready')
  return page
}

/** Resolves when an element of that role, or id, has exactly that text. */
export async function shows (page: Page, place: 'status' | 'alert' | `#${string}`, text: string | RegExp): Promise<void> {
  const locator = place.startsWith('#') ? page.locator(place) : page.getByRole(place as 'status' | 'alert')
  const wanted = typeof text === 'string' ? new RegExp(`^${text}$`) : text
  await locator.filter({ hasText: wanted }).waitFor({ state: 'attached' })
}

export async function press (page: Page, button: string): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click()
}
