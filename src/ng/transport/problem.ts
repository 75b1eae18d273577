/** OpenSSL's own line: `808C…:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/…`. */
const ofOpenSsl = /^[\dA-F]+:error:[\dA-F]+:[^:]*:[^:]*:([^:]+):/

/** What is wrong with a way to a node, in words for one line. */
export function problemOf ({ message }: Error): string {
  return (ofOpenSsl.exec(message)?.[1] ?? message).trim().replace(/:$/, '')
}
