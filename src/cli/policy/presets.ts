import { presets } from '../../policy/presets.ts'
import { meant } from '../../policy/shape.ts'
import type { PolicyCommand } from './command.ts'
import { yamlOf } from './yaml-text.ts'
import { NgpilotError } from '../../errors.ts'

/** `ngpilot policy presets [NAME]`: what every policy can build on. */
export const presetsCommand: PolicyCommand = {
  usage: '[NAME]',
  about: 'what every profile can build on',
  run ({ args: [name], isJson, style, print }) {
    const all = Object.entries(presets)
    const chosen = all.filter(([each]) => name === undefined || each === name)
    if (chosen.length === 0) throw new NgpilotError('not_found', `there is no preset "${name ?? ''}"; ${meant(name, all.map(([each]) => each))}`)
    if (isJson) print(JSON.stringify(Object.fromEntries(chosen), null, 2))
    else for (const [each, { about, ...preset }] of chosen) {
      print(`${style.bold(each)}\n  # ${about}\n${yamlOf(preset).trimEnd().replaceAll(/^/gm, '  ')}\n`)
    }
    return 0
  },
}
