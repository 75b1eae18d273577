import type { MediaWay } from '../../stack/kamailio.ts'
import type { Release } from '../../stack/tree.ts'

/** The versions in the field, by the Debian that has them. */
export const kamailios = { bookworm: '5.6', trixie: '6.0', sid: '6.1' } as const satisfies Record<Release, string>
export const rtpengines = { bookworm: '10.5', trixie: '12.5', sid: '26.0' } as const satisfies Record<Release, string>

export interface Combination { kamailio: Release, rtpengine: Release, way: MediaWay }

export const releases: readonly Release[] = ['bookworm', 'trixie', 'sid']
export const ways: readonly MediaWay[] = ['http', 'evapi', 'ng', 'ws']

/** Why a combination cannot be, undefined when it can. */
export function impossible ({ kamailio, way }: Pick<Combination, 'kamailio' | 'way'>): string | undefined {
  return kamailio === 'bookworm' && way === 'http' ? 'Debian\'s packages of Kamailio 5.6 have no http_async_client' : undefined
}

/** Each version and each way once. */
export const diagonal: readonly Combination[] = [
  { kamailio: 'bookworm', rtpengine: 'bookworm', way: 'ng' },
  { kamailio: 'trixie', rtpengine: 'trixie', way: 'http' },
  { kamailio: 'sid', rtpengine: 'sid', way: 'evapi' },
]

export function nameOf ({ kamailio, rtpengine, way }: Combination): string {
  return `Kamailio ${kamailios[kamailio]}, ${way}, rtpengine ${rtpengines[rtpengine]}`
}
