/** A seeded generator of random numbers from 0 to 1 (mulberry32), so that a sequence can be run again. */
export function createRandom (seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export type End = 'caller' | 'callee'

/** What a message does in the model. `fork`: which of the callees; `by`: the end that sends. */
export type Step =
  | { name: 'invite' | 'early' | 'accept' | 'fail' | 'prack' | 'ack', fork: number }
  | { name: 'fail all' }
  | { name: 'offer' | 'answer' | 'refuse' | 'bye', fork: number, by: End }

/** `late`: how far the offer has come that the callee makes where the INVITE has none. */
interface Fork { state: 'early' | 'confirmed' | 'ended', isAnswered: boolean, pending?: End, late?: 'offered' | 'answered' }

/**
 * What is right for one forked call: the rules of RFC 3261 and 3264 that matter to media, and nothing else.
 * `take` says what becomes of a message: `offer`, `answer`, `delete`, `none`, or the code of the error that it earns.
 */
export class Model {
  forks = new Map<number, Fork>()
  isOver = false
  readonly #isLate: boolean

  /** @param isLate the INVITE has no offer: it comes in a 183 or the 200, its answer in PRACK or ACK */
  constructor (isLate = false) {
    this.#isLate = isLate
  }

  /** The steps that some party could take now, sensible or not. */
  steps (forkCount: number): Step[] {
    const steps: Step[] = Array.from({ length: forkCount }, (_, fork) => ({ name: 'invite', fork }))
    for (const [fork, { state, isAnswered, late }] of this.forks) {
      if (late === 'offered' && state === 'early' && !this.isOver) steps.push({ name: 'prack', fork }, { name: 'ack', fork })
      if (state !== 'confirmed') steps.push({ name: 'early', fork }, { name: 'fail', fork })
      steps.push({ name: 'accept', fork })
      if (!isAnswered) continue
      for (const by of ['caller', 'callee'] as const) {
        steps.push({ name: 'offer', fork, by }, { name: 'answer', fork, by }, { name: 'refuse', fork, by })
        steps.push({ name: 'bye', fork, by })
      }
    }
    if (this.#live().length > 0 && this.#live().every(({ state }) => state === 'early')) steps.push({ name: 'fail all' })
    return steps
  }

  take (step: Step): string {
    if (step.name === 'fail all') return this.#end(() => true)
    const fork = this.forks.get(step.fork)
    if (step.name === 'invite') return this.#invite(step.fork, fork)
    if (!fork) return 'call_unknown'
    const over = this.isOver
    switch (step.name) {
      case 'prack':
      case 'ack':
        fork.late = 'answered'
        fork.isAnswered = true
        if (step.name === 'ack') this.#confirm(fork)
        return 'answer'
      case 'early':
      case 'accept':
        if (over) return 'call_ended'
        if (this.#isLate) return this.#offerLate(step.name, fork)
        // Its media must not take the place of the winner's.
        if (fork.state === 'ended' || (fork.state === 'early' && this.#isWon())) return 'none'
        fork.isAnswered = true
        if (step.name === 'accept') this.#confirm(fork)
        return 'answer'
      case 'fail':
        return over || fork.state !== 'early' ? 'none' : this.#end((each) => each === fork)
      case 'offer':
        if (over || fork.state === 'ended') return 'call_ended'
        if (fork.pending) return 'offer_pending'
        fork.pending = step.by
        return 'offer'
      case 'answer':
        if (over) return 'call_ended'
        if (fork.pending === undefined || fork.pending === step.by) return 'skip'
        if (fork.state === 'ended') return 'call_ended'
        delete fork.pending
        return 'answer'
      case 'refuse':
        if (fork.pending !== undefined && fork.pending !== step.by) delete fork.pending
        return 'none'
      case 'bye':
        return over ? 'none' : fork.state === 'ended' ? 'none' : this.#end((each) => each === fork)
    }
  }

  /** The same offer again, in the 200 or another 183, changes nothing; nor what has become of it since. */
  #offerLate (name: 'early' | 'accept', fork: Fork): string {
    if (fork.state === 'ended') return 'call_ended'
    if (fork.state === 'confirmed') return 'skip'
    fork.late ??= 'offered'
    if (name === 'accept' && fork.late === 'answered') this.#confirm(fork)
    return 'offer'
  }

  #confirm (fork: Fork): void {
    if (fork.state !== 'early') return
    fork.state = 'confirmed'
    for (const other of this.#live()) if (other !== fork && other.state === 'early') other.state = 'ended'
  }

  #invite (index: number, fork: Fork | undefined): string {
    if (this.isOver && !fork) {
      this.forks.clear()
      this.isOver = false
    }
    if (fork && (this.isOver || (fork.state === 'ended' && !this.#isLate))) return 'call_ended'
    if (!fork) this.forks.set(index, { state: 'early', isAnswered: false })
    return this.#isLate ? 'none' : 'offer'
  }

  #end (isMeant: (fork: Fork) => boolean): string {
    for (const fork of this.#live()) if (isMeant(fork)) fork.state = 'ended'
    if (this.#live().length === 0) this.isOver = true
    return 'delete'
  }

  #isWon (): boolean {
    return this.#live().some(({ state }) => state === 'confirmed')
  }

  #live (): Fork[] {
    return [...this.forks.values()].filter(({ state }) => state !== 'ended')
  }
}
