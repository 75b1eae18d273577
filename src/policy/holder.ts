import { asNgpilotError, NgpilotError } from '../errors.ts'
import { buildPolicy, type BuiltPolicy } from './build.ts'
import { lintAside } from './aside.ts'
import { Candidate, type CandidateStatus } from './candidate.ts'
import { keepPolicy, keptPolicy } from './last-good.ts'
import type { LintFinding } from './lint-finding.ts'
import { lintSets } from './lint-sets.ts'
import type { PolicyObserver } from './observer.ts'
import { problemText } from './problem.ts'
import { readTexts } from './texts.ts'
import type { Policy } from './types.ts'
import { watchFolder } from './watch.ts'

export interface HolderOptions {
  directory: string
  /** Where the policy in force is kept, so that it survives a restart with broken files. */
  stateDirectory?: string
  /** Load anew when files change. */
  isWatched?: boolean
  candidate?: { directory: string, percent: number }
  observer: PolicyObserver
  /** So long after a load its lint begins, so that the next load need not wait for it. Default 1,000. */
  lintAfterMs?: number
  /** The sets that nodes are in, for rules that name another. */
  sets?: () => readonly string[]
}

/** For people and programs: which policy decides, and why it is not the latest. */
export interface PolicyStatus {
  revision: string
  /** ISO 8601. */
  since: string
  directory: string
  isFallback: boolean
  isPromoted: boolean
  problem?: string
  /** What is amiss although the policy serves: sets of nodes that no rtpengine is in, each with file and line. */
  warnings: string[]
  candidate?: CandidateStatus
}

/** The policy in force and the way to a new one. */
export interface PolicyHolder {
  current: () => Policy
  /** The policy of a call: the one that it began with while that is remembered, else the one for new calls. */
  forCall: (callId: string, revision?: string) => Policy
  /** The policy that is only asked what it would decide, undefined for none. */
  shadow: () => Policy | undefined
  /** Compiles aside and swaps in one assignment; a policy with problems or failing tests changes nothing. Never throws. */
  reload: () => Promise<void>
  /** Why the latest load was refused; undefined when the policy in force is the latest. */
  problem: () => string | undefined
  status: () => PolicyStatus
  /** What the settings say, read anew: counts where it is another than they said before, so that a command's share stays. */
  configure: (percent: number) => void
  /** Gives the candidate so many percent of new calls. @throws NgpilotError `bad_request` without a good candidate */
  setCanary: (percent: number) => void
  /** The candidate serves all calls, also after a restart, until the files of the policy change. @throws the same */
  promote: () => Promise<void>
  /** The candidate gets no more calls; after a promotion the policy of the folder serves again. */
  rollBack: () => Promise<void>
  close: () => void
}

/** Calls begun under so many policies before keep theirs. */
const mostRemembered = 8

/** @throws NgpilotError `policy_invalid` when the first load fails and there is no good policy to fall back to. */
export async function createPolicyHolder (options: HolderOptions): Promise<PolicyHolder> {
  const { directory, stateDirectory, observer, lintAfterMs = 1000, sets = () => [] } = options
  let current: Policy
  let since = new Date()
  let problem: string | undefined
  let isFallback = false
  let inForce: BuiltPolicy
  /** What the promoted candidate took over from. */
  let replaced: BuiltPolicy | undefined
  let configured = options.candidate?.percent ?? 0
  const remembered = new Map<string, Policy>()

  function remember (policy: Policy): void {
    remembered.delete(policy.revision)
    remembered.set(policy.revision, policy)
    for (const revision of remembered.keys()) {
      if (remembered.size <= mostRemembered) break
      if (revision === current.revision) continue
      remembered.delete(revision)
      observer.forgotten(revision)
    }
  }

  let linting: NodeJS.Timeout | undefined
  function lintLater ({ policy, texts }: BuiltPolicy): void {
    clearTimeout(linting)
    const told = (found: LintFinding[]) => {
      const findings = [...lintSets(policy, sets()), ...found]
      if (findings.length > 0) observer.doubted(policy.revision, findings)
    }
    const failed = (error: unknown) => {
      observer.troubled(`the policy in force cannot be checked: ${(error as Error).message}`)
    }
    linting = setTimeout(() => { lintAside(texts).then(told).catch(failed) }, lintAfterMs).unref()
  }

  function enforce (built: BuiltPolicy): void {
    const { policy } = built
    if (remembered.size === 0 || policy.revision !== current.revision) {
      since = new Date()
      lintLater(built)
    }
    inForce = built
    current = policy
    remember(policy)
    observer.loaded(policy.revision)
  }

  async function keep ({ policy, texts }: BuiltPolicy): Promise<void> {
    if (stateDirectory === undefined) return
    const kept = { revision: policy.revision, keptAt: new Date().toISOString(), texts }
    const over = replaced && { promotedOver: replaced.policy.revision }
    await keepPolicy(stateDirectory, { ...kept, ...over }).catch((error: unknown) => {
      observer.troubled(`the policy in force cannot be kept for a restart: ${(error as Error).message}`)
    })
  }

  async function load (): Promise<void> {
    try {
      const built = await buildPolicy(await readTexts(directory))
      problem = undefined
      if (built.policy.revision === replaced?.policy.revision) { observer.loaded(current.revision); return }
      replaced = undefined
      isFallback = false
      enforce(built)
      await keep(built)
    } catch (error) {
      problem = asNgpilotError(error).message
      observer.refused(problem)
    }
  }

  async function start (): Promise<void> {
    const kept = stateDirectory === undefined ? undefined : await keptPolicy(stateDirectory)
    try {
      const built = await buildPolicy(await readTexts(directory), true)
      if (kept?.promotedOver === built.policy.revision) {
        replaced = built
        enforce(await buildPolicy(kept.texts, true)); return
      }
      enforce(built)
      await keep(built)
    } catch (error) {
      if (!kept) throw error
      problem = asNgpilotError(error).message
      isFallback = true
      enforce(await buildPolicy(kept.texts, true))
      observer.fellBack(kept.revision, problem)
    }
  }

  // One load after another, and one more for all that change meanwhile.
  let running: Promise<void> | undefined
  let isDueAgain: Promise<void> | undefined
  async function reload (): Promise<void> {
    if (!running) {
      running = Promise.all([load(), candidate?.load()]).then(() => { running = undefined })
      return running
    }
    isDueAgain ??= running.then(() => {
      isDueAgain = undefined
      return reload()
    })
    return isDueAgain
  }

  const candidate = options.candidate && new Candidate(options.candidate, observer, remember)
  await start()
  await candidate?.load()
  const troubled = (error: Error) => observer.troubled(`the policy's folder cannot be watched: ${error.message}; SIGHUP loads it anew`)
  const folders = options.isWatched ? [directory, ...options.candidate ? [options.candidate.directory] : []] : []
  const unwatch = folders.map((folder) => watchFolder(folder, () => void reload(), troubled))

  function goodCandidate (): Candidate & { built: BuiltPolicy } {
    if (candidate?.built) return candidate as Candidate & { built: BuiltPolicy }
    throw new NgpilotError('bad_request', candidate ? `the candidate is refused: ${candidate.problem ?? ''}` : 'there is no candidate; policy.candidateDirectory names its folder')
  }

  function share (taker: Candidate, percent: number): void {
    taker.percent = percent
    observer.candidate('share', `${percent} % of new calls`)
  }

  return {
    current: () => current,
    forCall (callId, revision) {
      const own = revision === undefined ? undefined : remembered.get(revision)
      return own ?? (revision === undefined ? candidate?.takes(callId) : undefined) ?? current
    },
    shadow: () => candidate?.built?.policy,
    reload,
    problem: () => problem,
    status: () => ({
      revision: current.revision, since: since.toISOString(), directory, isFallback, isPromoted: replaced !== undefined,
      ...problem !== undefined && { problem }, ...candidate && { candidate: candidate.status() },
      warnings: [current, ...candidate?.built ? [candidate.built.policy] : []].flatMap((policy) => {
        return lintSets(policy, sets()).map(problemText)
      }),
    }),
    configure (percent) {
      if (candidate && percent !== configured) share(candidate, percent)
      configured = percent
    },
    setCanary (percent) { share(goodCandidate(), percent) },
    async promote () {
      const chosen = goodCandidate()
      replaced ??= inForce
      chosen.percent = 0
      enforce(chosen.built)
      observer.candidate('promoted', chosen.built.policy.revision)
      await keep(chosen.built)
    },
    async rollBack () {
      if (candidate) candidate.percent = 0
      const before = replaced
      replaced = undefined
      observer.candidate('rolled back', before ? 'the policy of the folder serves again' : 'no call goes to the candidate')
      if (!before) return
      // At once, and also where the files of the folder are broken by now.
      enforce(before)
      await keep(before)
      await reload()
    },
    close () {
      clearTimeout(linting)
      for (const end of unwatch) end()
    },
  }
}
