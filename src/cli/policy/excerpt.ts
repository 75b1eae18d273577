/** The line of a text and a caret under the column; both count from 1. Long lines are cut around it. */
export function excerptOf (text: string, line: number, column: number): string[] {
  const whole = (text.split(/\r?\n/)[line - 1] ?? '').replaceAll('\t', ' ')
  const start = Math.max(0, column - 1 - 70)
  const cut = `${start > 0 ? '…' : ''}${whole.slice(start, start + 110)}${whole.length > start + 110 ? '…' : ''}`
  const number = `  ${line} | `
  return [`${number}${cut}`, `${' '.repeat(number.length + column - 1 - start + (start > 0 ? 1 : 0))}^`]
}
