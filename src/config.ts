import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import { type NamedAddress, type NgListen, namedAddress, splitNgListen } from './config/address.ts'
import { type DnsConfig, dnsNameOf, type NodeConfig, nodeOf } from './config/node.ts'
import { problemsIn } from './config/problems.ts'
import { leaves, type Settings } from './config/settings.ts'
import { readSettings, withEnvironment, type Environment } from './config/sources.ts'
import { invalid, isTree, nameOf, type Path, type Tree } from './config/words.ts'

export type { DnsConfig, NodeConfig } from './config/node.ts'
export { describeSettings, Settings, type SettingRow } from './config/settings.ts'

/** The settings in force. `nodes` are resolved to id, host (IPv6 without brackets) and port; ids are unique. */
export interface Config extends Omit<Settings, 'ng' | 'rtpengine' | 'discovery' | 'evapi' | 'dtmf' | 'instance'> {
  ng: Omit<Settings['ng'], 'listen'> & { listen: NgListen[] }
  rtpengine: Omit<Settings['rtpengine'], 'nodes'> & { nodes: NodeConfig[] }
  discovery: Omit<Settings['discovery'], 'dns'> & { dns: DnsConfig[] }
  evapi: { kamailios: NamedAddress[] }
  dtmf: { listen?: NamedAddress | undefined, rtpengines: NamedAddress[] }
  instance: { id: string }
}

/** Where settings come from: the variables of the environment, and the file that `--config` names, if it was given. */
export interface ConfigSources { env: Environment, file?: string | undefined }

/**
 * The configuration: the environment before the file (`file`, or else what `NGPILOT_CONFIG` names), the file before the
 * defaults. An empty variable counts as not set.
 *
 * @throws NgpilotError `config_invalid` that lists every problem, one a line: setting, place, what was found, what is right.
 */
export function loadConfig ({ env, file = env.NGPILOT_CONFIG }: ConfigSources): Config {
  const found = file ? readSettings(file) : undefined
  const { tree, variables, problems } = withEnvironment(found?.tree ?? {}, env)
  const placeOf = (path: Path) => variables.get(path.slice(0, 2).join('.')) ?? found?.placeOf(path)
  const problem = (path: Path, text: string) => {
    const place = placeOf(path)
    problems.push(`${nameOf(path)}${place ? ` (${place})` : ''}: ${text}`)
  }
  for (const [path, text] of problemsIn(tree)) problem(path, text)
  if (problems.length > 0) throw invalid(problems)

  const directory = file ? dirname(file) : '.'
  const settings = withPathsFrom(directory, tree, found?.tree ?? {}, variables) as Settings
  const { ng, rtpengine, discovery, evapi, dtmf, instance, ...rest } = settings
  const reading = { shared: rtpengine, directory, problem }
  const nodes = rtpengine.nodes.map((node, index) => nodeOf(node, ['rtpengine', 'nodes', index], reading))
  const dns = discovery.dns.map((name, index) => dnsNameOf(name, ['discovery', 'dns', index], reading))
  if (problems.length > 0) throw invalid(problems)
  return {
    ...rest,
    ng: { ...ng, listen: ng.listen.flatMap((text) => splitNgListen(text) ?? []) },
    rtpengine: { ...rtpengine, nodes },
    discovery: { ...discovery, dns },
    evapi: { kamailios: evapi.kamailios.flatMap((text) => namedAddress(text) ?? []) },
    dtmf: {
      ...(dtmf.listen !== undefined && { listen: namedAddress(dtmf.listen) }),
      rtpengines: dtmf.rtpengines.flatMap((text) => namedAddress(text) ?? []),
    },
    instance: { id: instance.id ?? `${hostname().replace(/[^\w.-]/g, '-').slice(0, 23)}-${randomBytes(4).toString('hex')}` },
  }
}

/** The files and directories that `file` names, as seen from its directory; those of a variable are seen from our own. */
function withPathsFrom (directory: string, tree: Tree, file: Tree, variables: ReadonlyMap<string, unknown>): Tree {
  for (const { group, key, name, schema } of leaves) {
    const [section, inFile] = [tree[group], file[group]]
    if (!schema.isPath || variables.has(name) || !isTree(section) || !isTree(inFile)) continue
    if (typeof inFile[key] === 'string') section[key] = resolve(directory, inFile[key])
  }
  return tree
}

/** Read anew while ngpilot runs; an id that is not set is drawn at each reading. */
const live = new Set([
  'rtpengine.nodes', 'rtpengine.caFile', 'rtpengine.certFile', 'rtpengine.keyFile', 'policy.canaryPercent', 'instance.id',
])

/** The names of the settings that are others now and that only a start takes up. */
export function settingsThatWait (inForce: Config, read: Config): string[] {
  const textOf = (config: Config, group: string, key: string) =>
    JSON.stringify((config as unknown as Record<string, Record<string, unknown>>)[group]?.[key])
  return leaves
    .filter(({ group, key, name }) => !live.has(name) && textOf(inForce, group, key) !== textOf(read, group, key))
    .map(({ name }) => name)
}
