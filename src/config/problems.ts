import type { ErrorObject } from 'ajv'
import { releaseOf } from '../ng/release.ts'
import { schemaCheck } from '../schema-check.ts'
import {
  isAddressBlock, isHost, isHttpUrl, isLoopback, isServerAddress, isStreamAddress, namedAddress, splitDnsName, splitEndpoint,
  splitNgListen,
} from './address.ts'
import { NodeSettings } from './node-settings.ts'
import { Settings, type SettingSchema } from './settings.ts'
import { hasSource } from './sources.ts'
import { parseStoreUrl } from './store-url.ts'
import { expectation, isTree, nameOf, shown, suggestion, type Path, type Tree } from './words.ts'

const options = {
  useDefaults: true,
  keywords: ['expects', 'isPath'],
  formats: {
    host: isHost,
    'node-address': (text: string) => splitEndpoint(text) !== undefined,
    'named-address': (text: string) => namedAddress(text) !== undefined,
    'ng-listen': (text: string) => splitNgListen(text) !== undefined,
    'address-block': isAddressBlock,
    'dns-name': (text: string) => splitDnsName(text) !== undefined,
    'server-address': isServerAddress,
    'stream-address': isStreamAddress,
    'node-version': (text: string) => releaseOf(text) !== undefined,
    'store-url': (text: string) => text === 'memory:' || parseStoreUrl(text) !== undefined,
    'http-url': isHttpUrl,
  },
}
const wrongIn = schemaCheck(Settings, options)
const wrongInNode = schemaCheck(NodeSettings, options)

/** Fills in the defaults, in place; what is wrong then, as paths and texts. Nothing wrong: `tree` is of type Settings. */
export function problemsIn (tree: Tree): [Path, string][] {
  return [...schemaProblems(wrongIn(tree)), ...ruleProblems(tree)]
}

/** What is wrong with a node that stands by itself. */
export function problemsInNode (tree: Tree): [Path, string][] {
  return [...schemaProblems(wrongInNode(tree)), ...fileProblems(tree, [])]
}

/** One problem for each path at fault, however many keywords of the schema it fails. */
function schemaProblems (errors: readonly ErrorObject[]): Iterable<[Path, string]> {
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
  const { http, ng, rtpengine, discovery, evapi, store, request } = tree
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
  yield* nodeProblems(rtpengine)
  yield* discoveryProblems(discovery, rtpengine, store)
  yield* kamailioProblems(evapi)
}

function* discoveryProblems (discovery: unknown, rtpengine: unknown, store: unknown): Iterable<[Path, string]> {
  if (!isTree(discovery)) return
  for (const [index, name] of (Array.isArray(discovery.dns) ? discovery.dns : []).entries()) {
    yield* fileProblems(name, ['discovery', 'dns', index])
  }
  if (!hasSource(discovery) && isTree(rtpengine) && Array.isArray(rtpengine.nodes) && rtpengine.nodes.length === 0) {
    yield [['rtpengine', 'nodes'], 'found an empty list; must have a node, or discovery.dns or discovery.redisKey must be set']
  }
  if (discovery.redisKey !== undefined && isTree(store) && store.url === 'memory:') {
    yield [['discovery', 'redisKey'], 'needs a Redis; store.url is memory:']
  }
}

function* nodeProblems (rtpengine: unknown): Iterable<[Path, string]> {
  const seen = new Map<string, string>()
  yield* fileProblems(rtpengine, ['rtpengine'])
  for (const [index, node] of (isTree(rtpengine) && Array.isArray(rtpengine.nodes) ? rtpengine.nodes : []).entries()) {
    if (!isTree(node) || typeof node.address !== 'string') continue
    const name = nameOf(['rtpengine', 'nodes', index])
    const { host, port } = splitEndpoint(node.address) ?? {}
    const address = host === undefined ? node.address : `${host.includes(':') ? `[${host}]` : host}:${port ?? ''}`
    const marks = new Set([typeof node.id === 'string' ? node.id : address, address])
    for (const mark of marks) {
      if (seen.has(mark)) yield [['rtpengine', 'nodes', index], `found "${mark}", which ${seen.get(mark) ?? ''} has too; must be different for each node`]
      else seen.set(mark, name)
    }
    yield* fileProblems(node, ['rtpengine', 'nodes', index])
    if (node.streamAboveBytes !== undefined && node.stream === undefined) {
      yield [['rtpengine', 'nodes', index, 'stream'], 'is missing; must be set beside streamAboveBytes']
    }
  }
}

function* fileProblems (tree: unknown, path: Path): Iterable<[Path, string]> {
  if (!isTree(tree)) return
  for (const [key, other] of [['certFile', 'keyFile'], ['keyFile', 'certFile']] as const) {
    if (tree[key] !== undefined && tree[other] === undefined) yield [[...path, other], `is missing; must be set beside ${key}`]
  }
}

function* kamailioProblems (evapi: unknown): Iterable<[Path, string]> {
  const kamailios = new Set<string>()
  for (const [index, text] of (isTree(evapi) && Array.isArray(evapi.kamailios) ? evapi.kamailios : []).entries()) {
    const { id, host, port } = (typeof text === 'string' && namedAddress(text)) || {}
    for (const mark of new Set(id === undefined ? [] : [id, `${host ?? ''}:${port ?? ''}`])) {
      if (kamailios.has(mark)) yield [['evapi', 'kamailios', index], `found "${mark}", which another one has too; must be different for each Kamailio`]
      kamailios.add(mark)
    }
  }
}
