import { policyJsonSchema } from '../../policy/json-schema.ts'
import type { PolicyCommand } from './command.ts'

/** `ngpilot policy schema`: the JSON Schema of policy files. */
export const schemaCommand: PolicyCommand = {
  usage: '',
  about: 'the JSON Schema of policy files, for editors',
  run ({ print }) {
    print(JSON.stringify(policyJsonSchema(), null, 2))
    return 0
  },
}
