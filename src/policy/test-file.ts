import Type, { type Static } from 'typebox'
import { schemaCheck } from '../schema-check.ts'
import { FactsEntry, factsFrom } from './facts-file.ts'
import type { Place, PolicyProblem } from './problem.ts'
import { checkShapeOf } from './shape.ts'
import type { PolicySource } from './source.ts'
import type { CallFacts } from './types.ts'

const optional = Type.Optional
const closed = { additionalProperties: false }

const Expected = Type.Object({
  sender: optional(Type.String({ description: 'The profile of the leg that the SDP comes from.' })),
  receiver: optional(Type.String({ description: 'The profile of the leg that the SDP goes to.' })),
  rules: optional(Type.Array(Type.String(), { description: 'All rules that match, in order.' })),
  flags: optional(Type.Record(Type.String(), Type.Unknown(), { description: 'NG keys that are among the flags; of a list the words that are among it.' })),
  without: optional(Type.Array(Type.String(), { description: 'NG keys that are not among the flags; `codec.strip` for one within.' })),
  nodes: optional(Type.String()),
  'client-flags': optional(Type.Enum(['trust', 'ignore', 'merge'])),
  'on-node-loss': optional(Type.Enum(['fail', 're-anchor'])),
  reject: optional(Type.Integer({ minimum: 400, maximum: 699, description: 'The SIP code of the refusal; without it there must be none.' })),
}, { ...closed, minProperties: 1 })

/** A file of tests, `*.test.yaml` beside the policy. */
export const TestFile = Type.Object({
  version: Type.Literal(1),
  tests: Type.Array(Type.Object({ name: Type.String(), facts: FactsEntry, expect: Expected }, closed), { minItems: 1 }),
}, closed)

export type Expected = Static<typeof Expected>

/** One test, and where it stands. */
export interface PolicyTest { name: string, place: Place, facts: CallFacts, expect: Expected }

const wrongInTestFile = schemaCheck(TestFile)

export function readTests (source: PolicySource): { tests: PolicyTest[], problems: PolicyProblem[] } {
  const findings = checkShapeOf(wrongInTestFile, source.value)
  if (findings.length > 0) return { tests: [], problems: findings.map(source.place) }
  const { tests } = source.value as Static<typeof TestFile>
  return {
    problems: [],
    tests: tests.map(({ name, facts, expect }, index) => {
      const { file, line, column } = source.place({ path: ['tests', index], at: 'value', message: '' })
      return { name, place: { file, line, column }, facts: factsFrom(facts), expect }
    }),
  }
}
