/** A release of rtpengine as `MAJOR.MINOR`: all that a flag or command depends on. 10.5 is the oldest that is looked at. */
export type Release = `${number}.${number}`

export const oldestRelease: Release = '10.5'

/**
 * The release that a version belongs to: `12.5` of `12.5.1.31-1`, of `12.5` and of `mr12.5.1.31`. Undefined when the text is
 * no version.
 */
export function releaseOf (version: string): Release | undefined {
  const [, major, minor] = /^(?:mr)?(\d{1,3})\.(\d{1,3})(?:[.+~-].*)?$/.exec(version) ?? []
  return major === undefined || minor === undefined ? undefined : `${Number(major)}.${Number(minor)}`
}

/** Whether a release is `since` or a later one. Releases are numbered 10.5 → 11.x → 12.x → 13.x → 14.x → 26.x. */
export function isAtLeast (release: Release, since: Release): boolean {
  const [major, minor] = numbersOf(release)
  const [sinceMajor, sinceMinor] = numbersOf(since)
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor)
}

function numbersOf (release: Release): [major: number, minor: number] {
  const [major, minor] = release.split('.')
  return [Number(major), Number(minor)]
}
