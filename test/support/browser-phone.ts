import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build, stop } from 'esbuild'
import { launchChromium } from '../../stack/chromium.ts'
import type { StackContext } from '../../stack/context.ts'
import type { Kamailio } from '../../stack/kamailio.ts'
import { tone } from '../../stack/tone.ts'
import { encodeWav } from '../../stack/wav.ts'
import type { WebPhone } from './web-phone/api.ts'

type Async<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never
}

export interface BrowserPhone extends Async<WebPhone> {
  uri: string
  /** Waits until the browser hears a tone within 8 Hz of `hz`. @throws Error with what it heard instead. */
  hears (hz: number): Promise<void>
  /** The same of what comes once all that is under way now has been played. */
  hearsAnew (hz: number): Promise<void>
  /** What it hears is encoded in, such as `audio/opus`; empty when it hears nothing. */
  codec (): Promise<string>
}

/** JsSIP in a real headless Chromium, registered at Kamailio; its microphone hears a tone of `toneHz`. */
export async function startBrowserPhone (
  t: StackContext, kamailio: Kamailio, { user = 'browser', toneHz = 440 } = {},
): Promise<BrowserPhone> {
  const browser = await launchChromium(t, { microphone: await toneFile(t, toneHz) })
  const page = await browser.newPage()
  await page.goto(await serve(t, await bundle()))
  // Every method runs in the page, where `phone` is a global.
  const phone = new Proxy({}, {
    get: (_target, name: string) => name === 'then'
      ? undefined
      : (...args: unknown[]) => page.evaluate(`phone.${name}(...${JSON.stringify(args)})`),
  }) as Async<WebPhone>
  const uri = `sip:${user}@${kamailio.domain}`
  await phone.register(`ws://${kamailio.address}:${kamailio.wsPort}`, uri)
  const hears = async (hz: number) => {
    let heard = 0
    for (let tries = 0; tries < 150; tries++) {
      heard = await phone.heardHz()
      if (Math.abs(heard - hz) < 8) return
      await sleep(100)
    }
    const legs = JSON.stringify(await phone.legs(), null, 1)
    throw new Error(`the browser should hear ${hz} Hz; it hears ${heard.toFixed(0)} Hz; ${legs}`)
  }
  const hearsAnew = async (hz: number) => {
    await sleep(1000)
    await hears(hz)
  }
  const codec = async () => {
    // Chromium's statistics name no codec for a moment after a session description has changed.
    for (let tries = 0; tries < 60; tries++) {
      const { codec: now } = await phone.legs()
      if (now !== '') return now
      await sleep(100)
    }
    return ''
  }
  return new Proxy({ uri, hears, hearsAnew, codec } as BrowserPhone, {
    get: (own, name) => Reflect.get(name in own ? own : phone, name) as unknown,
  })
}

async function toneFile (t: StackContext, hz: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-tone-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'microphone.wav')
  await writeFile(file, encodeWav(tone(hz, { seconds: 10, sampleRate: 48_000 })))
  return file
}

async function bundle (): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('web-phone/page.ts', import.meta.url))],
    bundle: true, write: false, format: 'esm', target: 'es2022', logLevel: 'silent',
  })
  await stop()
  return outputFiles[0]?.text ?? ''
}

/** A microphone wants a secure context: http://localhost is one. */
async function serve (t: StackContext, script: string): Promise<string> {
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js'
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><script type="module" src="page.js"></script>')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    return Promise.resolve()
  })
  return `http://localhost:${(server.address() as AddressInfo).port}/`
}
