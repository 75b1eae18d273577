import { NgpilotError } from '../../errors.ts'
import { isAtLeast, oldestRelease, type Release, releaseOf } from '../../ng/release.ts'

/** The oldest of `--versions 10.5,12.5.1.31`; the option left out, the oldest that there is. */
export function oldestOf (versions: string | boolean | undefined): Release {
  if (typeof versions !== 'string') return oldestRelease
  const releases = versions.split(',').map((text): Release => {
    const release = releaseOf(text.trim())
    if (release === undefined) throw new NgpilotError('bad_request', `--versions takes rtpengine versions such as 10.5,12.5.1.31; "${text}" is none`)
    return release
  })
  return releases.reduce((oldest, release) => isAtLeast(release, oldest) ? oldest : release)
}
