import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * A module in a thread of its own. As TypeScript, in tests and the demo, it needs tsx there too, which Node does not hand
 * on.
 *
 * @param file `import.meta.url` of the module
 */
export function startThread (file: string, options: WorkerOptions): Worker {
  if (!file.endsWith('.ts')) return new Worker(new URL(file), options)
  const code = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(file)}) })`
  return new Worker(code, { ...options, eval: true })
}
