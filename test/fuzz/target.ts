import { NgpilotError } from '../../src/errors.ts'
import type { Random } from './random.ts'

/** What became of an input: taken for what it is, or refused with an error of ngpilot's own. Anything else is a bug. */
export type Fate = 'taken' | 'refused'

export interface Target {
  name: string
  seeds: Buffer[]
  /** The bytes that mean something here. */
  alphabet: Buffer
  /** @throws what no input may bring about */
  run (input: Buffer, random: Random): Fate | Promise<Fate>
}

/** The result, or undefined where ngpilot refuses. @throws whatever else is thrown */
export function refusing<T> (read: () => T): T | undefined
export function refusing<T> (read: () => Promise<T>): Promise<T | undefined>
export function refusing<T> (read: () => T | Promise<T>): T | undefined | Promise<T | undefined> {
  try {
    const result = read()
    return result instanceof Promise ? result.catch(refused) : result
  } catch (error) {
    refused(error); return
  }
}

function refused (error: unknown): undefined {
  if (error instanceof NgpilotError && error.code !== 'internal') return undefined
  throw error
}
