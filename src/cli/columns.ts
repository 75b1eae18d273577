import { seen } from './wrap.ts'

/** Rows of cells as lines whose columns begin below one another; two spaces between them, none at the end of a line. */
export function columns (rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, index) => { widths[index] = Math.max(widths[index] ?? 0, seen(cell)) })
  return rows.map((row) => row.map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - seen(cell))).join('  ').trimEnd())
}
