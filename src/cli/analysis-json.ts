import type { CallReport, Report } from '../analyze/report.ts'

/** Writes a report as JSON, each call as it ends, so that none is held. */
export function startJson (write: (text: string) => void) {
  let separator = ''
  return {
    add (call: CallReport): void {
      write(`${separator === '' ? '{\n  "calls": [' : separator}\n    ${indented(call, '    ')}`)
      separator = ','
    },
    end ({ calls, ...rest }: Report): void {
      if (separator === '') write(`${JSON.stringify({ calls, ...rest }, null, 2)}\n`)
      else write(`\n  ],\n  ${indented(rest, '').replace(/^\{\n {2}/, '')}\n`)
    },
  }
}

function indented (value: object, indent: string): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', `\n${indent}`)
}
