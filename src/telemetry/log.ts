import { pino } from 'pino'
import type { DestinationStream, Logger } from 'pino'

export type { Logger }

/**
 * The one logger: JSON lines, fields and a constant message. SDP and credentials are cut out wherever they stand, so that
 * no slip of a caller puts an SRTP key (RFC 4568) into a log.
 */
export function createLog (level: string, destination?: DestinationStream): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ['sdp', '*.sdp', 'token', '*.token', 'authorization', '*.authorization', '*.headers.authorization'], censor: '[masked]' },
  }, destination)
}
