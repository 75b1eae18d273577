/** Where a person reads what the demo does. */
export interface Terminal {
  say: (line: string) => void
  /** A step of something long, which the next one replaces; where nobody watches it is a line like others. */
  progress: (line: string) => void
}

/** @param isQuiet after Ctrl-C, say: what fails then fails because of it. */
export function createTerminal (output: NodeJS.WriteStream, isQuiet: () => boolean): Terminal {
  const clear = output.isTTY ? '\r\u001b[K' : ''
  return {
    say: (line) => { if (!isQuiet()) output.write(`${clear}${line}\n`) },
    progress: (line) => {
      // dpkg counts: `(Reading database ... 45%`.
      if (isQuiet() || line.startsWith('(Reading database')) return
      output.write(output.isTTY ? `${clear}  ${line.slice(0, output.columns - 3)}` : `  ${line}\n`)
    },
  }
}
