import type { CallRecord, CallStore } from './store.ts'

/** A store outside of this process, which may go away and come back with less than it had. */
export interface SharedStore extends CallStore {
  /** Parts of it may be away while others are well. */
  isPartial: boolean
  /** Told each time that the store is reached again after its connection broke; it may have less than it had. */
  onReconnect (listener: () => void): void
  /** As `recall`, and in how long the call expires. */
  read (callId: string): Promise<SharedCall | undefined>
  /** Puts a call back that the store has lost; one that it knows, also as ended, stays as it is. @returns whether it did */
  restore (callId: string, call: CallRecord, expiresInMs: number): Promise<boolean>
  /** What the store knows of each of them. `entries`: of its timeline. */
  look (callIds: readonly string[]): Promise<{ state: 'running' | 'ended' | 'unknown', entries: number }[]>
}

export interface SharedCall { call: CallRecord, expiresInMs: number }
