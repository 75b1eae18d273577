import { Ajv, type ErrorObject } from 'ajv'
import { isAddressBlock, isHost, isHttpUrl, isLoopback, namedAddress, splitAddress, splitNgListen } from './address.ts'
import { Settings, type SettingSchema } from './settings.ts'
import { parseStoreUrl } from './store-url.ts'
import { expectation, isTree, nameOf, shown, suggestion, type Path, type Tree } from './words.ts'

const ajv = new Ajv({ allErrors: true, useDefaults: true, verbose: true })
ajv.addVocabulary(['expects'])
ajv.addFormat('host', isHost)
ajv.addFormat('node-address', (text) => splitAddress(text) !== undefined)
ajv.addFormat('named-address', (text) => namedAddress(text) !== undefined)
ajv.addFormat('ng-listen', (text) => splitNgListen(text) !== undefined)
ajv.addFormat('address-block', isAddressBlock)
ajv.addFormat('store-url', (text) => text === 'memory:' || parseStoreUrl(text) !== undefined)
ajv.addFormat('http-url', isHttpUrl)
const validate = ajv.compile(Settings)

/** Fills in the defaults, in place; what is wrong then, as paths and texts. Nothing wrong: `tree` is of type Settings. */
export function problemsIn (tree: Tree): [Path, string][] {
  const isSound = validate(tree)
  return [...isSound ? [] : schemaProblems(validate.errors ?? []), ...ruleProblems(tree)]
}

/** One problem for each path at fault, however many keywords of the schema it fails. */
function schemaProblems (errors: ErrorObject[]): Iterable<[Path, string]> {
  const problems = new Map<string, [Path, string]>()
  for (const { keyword, instancePath, params, parentSchema, data } of errors) {
    const schema = parentSchema as SettingSchema
    const path: Path = instancePath.split('/').slice(1).map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    const known = Object.keys(schema.properties ?? {})
    if (keyword === 'additionalProperties') {
      const key = String(params.additionalProperty)
      problems.set(`${instancePath}/${key}`, [[...path, key], `no such setting${suggestion(key, known, path)}`])
    } else if (keyword === 'required') {
      const key = String(params.missingProperty)
      problems.set(instancePath, [[...path, key], `is missing; must be ${expectation(schema.properties?.[key] ?? schema)}`])
    } else {
      const hint = schema.enum && typeof data === 'string' ? suggestion(data, schema.enum) : ''
      problems.set(instancePath, [path, `found ${shown(data, schema)}; must be ${expectation(schema)}${hint}`])
    }
  }
  return problems.values()
}

/** What no schema can say, because it depends on two settings. */
function* ruleProblems (tree: Tree): Iterable<[Path, string]> {
  const { http, ng, rtpengine, evapi, store, request } = tree
  if (isTree(http) && typeof http.host === 'string' && isHost(http.host) && !isLoopback(http.host) && http.token === undefined) {
    yield [['http', 'token'], `is missing; must be set (NGPILOT_HTTP_TOKEN), as http.host is "${http.host}" and not a loopback address`]
  }
  for (const [index, text] of (isTree(ng) && Array.isArray(ng.listen) ? ng.listen : []).entries()) {
    const host = typeof text === 'string' ? splitNgListen(text)?.host : undefined
    if (host === undefined || isLoopback(host) || !isTree(ng) || !Array.isArray(ng.allow) || ng.allow.length > 0) continue
    yield [['ng', 'allow'], `is empty; must name the clients (NGPILOT_NG_ALLOW), as ng.listen[${index}] is "${String(text)}" and not a loopback address`]
  }
  if (isTree(request) && typeof request.deadlineMs === 'number') {
    for (const [path, value] of [
      [['store', 'commandTimeoutMs'], isTree(store) && store.commandTimeoutMs],
      [['rtpengine', 'retryAfterMs'], isTree(rtpengine) && rtpengine.retryAfterMs],
    ] as const) {
      if (typeof value === 'number' && value >= request.deadlineMs) {
        yield [[...path], `found ${value}; must be less than request.deadlineMs, which is ${request.deadlineMs}`]
      }
    }
  }
  const seen = new Map<string, string>()
  for (const [index, node] of (isTree(rtpengine) && Array.isArray(rtpengine.nodes) ? rtpengine.nodes : []).entries()) {
    if (!isTree(node) || typeof node.address !== 'string') continue
    const name = nameOf(['rtpengine', 'nodes', index])
    const marks = new Set([typeof node.id === 'string' ? node.id : node.address, node.address])
    for (const mark of marks) {
      if (seen.has(mark)) yield [['rtpengine', 'nodes', index], `found "${mark}", which ${seen.get(mark) ?? ''} has too; must be different for each node`]
      else seen.set(mark, name)
    }
  }
  const kamailios = new Set<string>()
  for (const [index, text] of (isTree(evapi) && Array.isArray(evapi.kamailios) ? evapi.kamailios : []).entries()) {
    const { id, host, port } = (typeof text === 'string' && namedAddress(text)) || {}
    for (const mark of new Set(id === undefined ? [] : [id, `${host ?? ''}:${port ?? ''}`])) {
      if (kamailios.has(mark)) yield [['evapi', 'kamailios', index], `found "${mark}", which another one has too; must be different for each Kamailio`]
      kamailios.add(mark)
    }
  }
}
