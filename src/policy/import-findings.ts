import { checkFlagsString } from '../ng/flags-check.ts'
import type { FlagsRead, FlagsToken } from '../ng/flags-string.ts'
import type { Release } from '../ng/release.ts'
import type { NgDictionary } from '../ng/types.ts'
import { checks, type CheckCode, type Severity } from './checks.ts'
import { kindOf, lintNg, type EndKind } from './lint-ng.ts'
import type { Profile } from './types.ts'

/** `text` and `at` name the token of the string, where one is to blame; `code` is one of the checks. */
export interface ImportFinding {
  code?: CheckCode
  severity: Severity
  message: string
  fix?: string
  text?: string
  at?: number
}

/**
 * What is wrong with a flags string, `ng` being its keys and `preset` the kind of end that it is for: the lint of its keys
 * in both directions, and what its reader noted.
 */
export function findingsOf (
  read: FlagsRead, ng: NgDictionary, preset: Profile, { use, oldest }: { use: 'offer' | 'answer' | 'manage', oldest?: Release },
): ImportFinding[] {
  const receiver = kindOf(preset)
  const other: EndKind = receiver === 'web' ? 'plain' : 'web'
  const context = { receiver, ...oldest && { oldest } }
  const offer = use === 'answer' ? [] : lintNg(ng, { ...context, command: 'offer', sender: other })
  const answer = use === 'offer' || other !== 'web' ? [] : lintNg(ng, { command: 'answer', receiver: 'web' })
  const linted = [...offer, ...answer].map(({ code, path, word, message, fix }): ImportFinding => {
    const token = read.tokens.find((each) => keyPath(each) === path && (word === undefined || each.text.endsWith(word)))
    return {
      code,
      severity: checks[code].severity,
      message: code === 'NG-03' && use === 'manage' ? `${message}: ${bothWays}` : message,
      fix,
      ...token && { text: token.text, at: token.at },
    }
  })
  const notes = checkFlagsString(read).map(({ text, at, message }): ImportFinding => {
    const code = codeOf(message)
    return { ...code && { code }, severity: code ? checks[code].severity : read.refused?.at === at ? 'error' : 'warning', message, text, at }
  })
  const seen = new Set<string>()
  return [...linted, ...notes].filter(({ code, message }) => !seen.has(`${code} ${message}`) && seen.add(`${code} ${message}`))
}

const bothWays = 'rtpengine_manage() uses one string for requests and replies, so that it meets the answer too'

/** The check that a note on a flags string belongs to. */
export function codeOf (message: string): CheckCode | undefined {
  if (message.startsWith('rtpengine before 12.5 ignores')) return 'NG-01'
  return /^(unknown word|rtpengine knows no)/.test(message) ? 'NG-02' : undefined
}

const keyPath = ({ path = [] }: FlagsToken): string => path.filter((step) => typeof step === 'string').join('.')
