import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { mediaAddresses } from './address.ts'
import { Cleanup } from './cleanup.ts'
import { type Options, readOptions, usage } from './options.ts'
import { type Backend, startServer } from './server.ts'
import { startStage } from './stage.ts'
import { createTerminal } from './terminal.ts'
import { instructions } from './words.ts'

const cleanup = new Cleanup()
const interrupt = new AbortController()
const interrupted = once(interrupt.signal, 'abort')
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort())
const terminal = createTerminal(process.stdout, () => interrupt.signal.aborted)
const { say } = terminal

let code = 0
let running: Promise<number> | undefined
try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) {
    say(usage)
  } else {
    running = run(options)
    code = await Promise.race([running, interrupted.then(() => options.check ? 130 : 0)])
  }
} catch (error) {
  code = interrupt.signal.aborted ? 130 : 1
  if (code === 1) console.error(`\n${error instanceof Error ? error.message : String(error)}`)
}
await cleanup.end()
// A program whose start was under way is ended as it comes up; the building of the Debian folder ends with this process.
await Promise.race([running?.catch(() => undefined), sleep(2000)])
await cleanup.end()
process.exit(code)

/** The whole demo, to its exit code; without `--check` it has no end of its own. */
async function run ({ check: isCheck, port: wantedPort, address }: Options): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('The demo must run as root: it puts rtpengine, Kamailio and a phone into a Debian folder of their own and starts them in there. Try: sudo npm run demo')
  say('Starting …')
  const addresses = await mediaAddresses(address ?? (isCheck ? '127.0.0.1' : undefined))
  let provide: (backend: Backend) => void = () => undefined
  const backend = new Promise<Backend>((resolve) => { provide = resolve })
  // First of all, for a taken port should be told before anything is installed.
  const port = await startServer(cleanup, { port: wantedPort, backend })
  const stage = await startStage(cleanup, { addresses, terminal })
  provide(stage.backend)
  if (isCheck) {
    const { check } = await import('./check.ts') // Here, for Playwright takes a second to load.
    return await check(cleanup, { stage, port, terminal }) ? 0 : 1
  }
  say(instructions({ stage, port, addresses }))
  await interrupted
  return 0
}
