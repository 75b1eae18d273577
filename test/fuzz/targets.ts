import { datagrams, notifications } from './dtmf-targets.ts'
import { evapi, sip } from './kamailio-targets.ts'
import { codec, ngMessages } from './ng-targets.ts'
import type { Target } from './target.ts'
import { captures, textTraces } from './trace-targets.ts'

/** All that reads bytes of strangers, but SDP, which has a fuzz test of its own. */
export const targets = (): Target[] => [codec, ngMessages(), evapi(), sip, datagrams, notifications, textTraces, captures]
