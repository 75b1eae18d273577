import { NgpilotError } from '../../errors.ts'
import { policyJsonSchema } from '../../policy/json-schema.ts'
import type { PolicyCommand } from './command.ts'

/** `ngpilot policy schema`: the JSON Schema of policy files. */
export const schemaCommand: PolicyCommand = {
  usage: '',
  about: 'the JSON Schema of policy files, for editors',
  run ({ args, print }) {
    if (args.length > 0) throw new NgpilotError('bad_request', `schema takes nothing, found ${args.join(' ')}`)
    print(JSON.stringify(policyJsonSchema(), null, 2))
    return 0
  },
}
