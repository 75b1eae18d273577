/**
 * Wraps a command so that nothing of it outlives us: it gets namespaces of its own for mounts and processes, and the
 * kernel kills the first process, and with it all that it forked, when this Node process dies, however it dies.
 *
 * Kamailio is why a plain kill is not enough: its workers stay when only the parent is shot. The namespaces need root.
 */
export function contained (command: readonly string[]): string[] {
  return [
    'setpriv', '--pdeathsig', 'KILL', '--',
    'unshare', '--mount', '--pid', '--fork', '--kill-child', '--', ...command,
  ]
}
