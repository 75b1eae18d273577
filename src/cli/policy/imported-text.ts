import type { FlagsReader } from '../../ng/flags-string.ts'
import type { Release } from '../../ng/release.ts'
import type { Imported } from '../../policy/import.ts'
import { columns } from '../columns.ts'
import type { ExitCode, PolicyContext } from './command.ts'

/** How strings are read: by which Kamailio, or unread handed to which rtpengine. */
export interface ImportReading { kamailio: FlagsReader, rtpengine: FlagsReader, oldest: Release }

export const closing = 'ngpilot makes offers and answers of the profiles of both legs, so what the string forgets is there.'

export function exitCodeOf (all: readonly Imported[]): ExitCode {
  return all.some(({ findings }) => findings.some(({ severity }) => severity === 'error')) ? 1 : 0
}

/** What is wrong with a string, each with the word that is meant. */
export function findingsText (text: string, { findings }: Imported, style: PolicyContext['style']): string[] {
  return findings.flatMap(({ code, severity, message, fix, text: token, at = 0 }) => [
    `${severity === 'error' ? style.red('error') : style.yellow('warning')}${code ? ` ${code}` : ''}: ${message}`,
    ...token === undefined ? [] : excerptAt(text, at, token.length, style),
    ...fix === undefined ? [] : [`  what would be right: ${fix}`],
    '',
  ])
}

/** What became of each word of a string. */
export function tokensText (tokens: Imported['tokens'], style: PolicyContext['style']): string[] {
  return [style.bold('Its tokens:'), ...columns(tokens.map(({ text, becomes }) => [`  ${text}`, becomes])), '']
}

/** The string with a mark under some of its characters; of a long one what is around them. */
function excerptAt (text: string, at: number, length: number, { cyan }: PolicyContext['style']): string[] {
  const start = at + length > 76 ? text.lastIndexOf(' ', Math.max(0, at - 30)) + 1 : 0
  const ends = start > 0 ? '…' : ''
  const shown = text.replaceAll(/[\t\n\r]/g, ' ').slice(start, start + Math.max(76, at - start + length))
  const more = start + shown.length < text.length ? '…' : ''
  return [`  ${ends}${shown}${more}`, `  ${' '.repeat(at - start + ends.length)}${cyan('^'.repeat(Math.max(1, length)))}`]
}
