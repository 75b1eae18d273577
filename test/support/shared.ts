import { after } from 'node:test'
import type { StackContext } from '../../stack/context.ts'

/** A context for what all tests of a file share: it ends with the file, in the reverse order of its making. */
export function sharedContext (): StackContext {
  const ends: (() => Promise<void>)[] = []
  after(async () => {
    for (const end of ends.reverse()) await end()
  })
  return { after: (end) => { ends.push(end) } }
}
