import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * Runs a command to its end and reports its lines, of stdout and stderr alike.
 *
 * @throws Error with its last lines when it fails
 */
export async function runCommand (command: readonly string[], onLine: (line: string) => void): Promise<void> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line)
      if (line.trim()) onLine(line.replace(/^I: /, ''))
    })
  }
  const outcome = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(String(signal ?? code)))
  })
  if (outcome !== '0') throw new Error(`${command.join(' ')} ended with ${outcome}:\n${lines.slice(-20).join('\n')}`)
}
