import { Type, type Static, type TProperties } from 'typebox'
import { storeUrlShape } from './store-url.ts'
import { DnsSettings, NodeSettings } from './node-settings.ts'

/**
 * Every setting, with what the operator's guide says of it. `expects`: what a right value is, for messages; `writeOnly`: a
 * secret, never shown. Each setting has a variable of its name: `http.bodyLimitBytes` is NGPILOT_HTTP_BODY_LIMIT_BYTES.
 */
export const Settings = Type.Object({
  http: section({
    host: Type.String({ default: '127.0.0.1', format: 'host', expects: 'an IP address (IPv6 without brackets) or a host name', description: 'Address that the HTTP API listens on. Any but a loopback address asks for `http.token`.' }),
    port: Type.Integer({ default: 8080, minimum: 0, maximum: 65535, description: 'TCP port of the HTTP API; 0 takes any free one.' }),
    token: Type.Optional(Type.String({ writeOnly: true, pattern: '^[\\x21-\\x7e]{16,}$', expects: 'at least 16 characters of ASCII without spaces', description: 'What clients send as `Authorization: Bearer TOKEN`; without it the API asks for none.' })),
    bodyLimitBytes: Type.Integer({ default: 131072, minimum: 1024, maximum: 16777216, description: 'The largest HTTP body that is read, in bytes.' }),
  }),
  ng: section({
    listen: Type.Array(Type.String({ format: 'ng-listen', expects: '[udp:|ws:]HOST:PORT' }), { default: [], expects: 'a list of [udp:|ws:]HOST:PORT', description: 'Where ngpilot poses as an rtpengine, for the rtpengine modules of Kamailio and OpenSIPS: `127.0.0.1:2223` or `udp:127.0.0.1:2223`, `ws:127.0.0.1:2224` for WebSocket (`ng.rtpengine.com`). Nowhere by default. Any but a loopback address asks for `ng.allow`.' }),
    allow: Type.Array(Type.String({ format: 'address-block', expects: 'an IP address or a block such as 192.0.2.0/24' }), { default: [], expects: 'a list of IP addresses and blocks such as 192.0.2.0/24', description: 'The clients that may send NG commands, beside this host itself, by address or block. NG knows no password, so whoever can forge one of these addresses can do so too: keep them on a network of their own.' }),
  }),
  rtpengine: section({
    nodes: Type.Array(NodeSettings, { default: [{ address: '127.0.0.1:2223' }], expects: 'a list of nodes, each HOST:PORT, [IPV6]:PORT or NAME=HOST:PORT', description: 'The rtpengines, by the addresses of their `listen-ng` sockets; `ws://`, `wss://`, `http://` or `https://` before an address of `listen-http` or `listen-https`. In YAML also as maps of `id`, `address`, `weight` (share of new calls, 1), `priority` (0 before 1), `sets`, `version` (where it cannot be learned), `stream` (`ws://…`, for messages above `streamAboveBytes`, or which no datagram holds) and `caFile`, `certFile`, `keyFile`, `serverName`. The id, or else the address, is the label in metrics and logs. Read anew when the file changes, and at SIGHUP.' }),
    caFile: Type.Optional(Type.String({ minLength: 1, isPath: true, expects: 'a PEM file', description: 'Who signs the certificates of `wss://` and `https://` nodes that name no `caFile` of their own; without it, those whom Node.js trusts.' })),
    certFile: Type.Optional(Type.String({ minLength: 1, isPath: true, expects: 'a PEM file', description: 'Our own certificate, for nodes that ask for one; with `keyFile`.' })),
    keyFile: Type.Optional(Type.String({ minLength: 1, isPath: true, expects: 'a PEM file', description: 'The key of `certFile`.' })),
    retryAfterMs: Type.Integer({ default: 60, minimum: 5, maximum: 2000, description: 'Milliseconds after which a silent node is sent the same command again, until its round trip is known.' }),
    orphanGraceSeconds: Type.Integer({ default: 300, minimum: 0, maximum: 86400, description: 'A call of ours on a node that no instance knows any more is ended there after so long, unless media flow; 0 never ends one. Calls that others made on the node are not touched. Of a node with more than 500 calls all are looked at only where it has a `stream` or is reached by one; else as many as fit into a datagram.' }),
    mediaTimeoutSeconds: Type.Integer({ default: 60, minimum: 1, maximum: 86400, description: 'The `timeout` of the rtpengines. A call of which a fork was deleted rtpengine ends only after its `silent-timeout`; that one ngpilot ends, after so long without media, give or take ten seconds.' }),
    maxInFlight: Type.Integer({ default: 32, minimum: 1, maximum: 1000, description: 'Commands under way to one node at a time; more make it slower, so they wait for their turn.' }),
  }),
  discovery: section({
    dns: Type.Array(DnsSettings, { default: [], expects: 'a list of names, each NAME:PORT or _SERVICE._PROTOCOL.DOMAIN', description: 'Names whose records are rtpengines too, beside `rtpengine.nodes`: `rtp.example.com:2223` (A, AAAA: each address is a node) or `_ng._udp.example.com` (SRV: each target is a node, with its priority and weight). In YAML also as maps of `name`, `weight`, `priority`, `sets`, `version`, `caFile`, `certFile`, `keyFile`, `serverName` (in the certificate of a `wss://` or `https://` name; by default the name itself, for SRV the target). With one, or with `redisKey`, no node is there by default.' }),
    dnsServers: Type.Array(Type.String({ format: 'server-address', expects: 'an IP address, with :PORT where it is not 53' }), { default: [], expects: 'a list of IP addresses', description: 'Whom to ask; without any, the servers of the system.' }),
    redisKey: Type.Optional(Type.String({ minLength: 1, maxLength: 256, expects: 'the name of a key', description: 'A hash in the Redis of `store.url` whose fields are rtpengines too: the name is the id, the value an address as in `rtpengine.nodes`, or a map as there, in JSON.' })),
    everySeconds: Type.Integer({ default: 10, minimum: 1, maximum: 3600, description: 'How often DNS and Redis are asked anew. What they cannot answer leaves the nodes as they are. A field of the hash that is no node, or a target without an address, leaves that one node as it was, and the log names it; the others apply.' }),
  }),
  policy: section({
    directory: Type.String({ default: './policy', minLength: 1, isPath: true, expects: 'a directory', description: 'Where the policy files are.' }),
    isWatched: Type.Boolean({ default: true, description: 'Load the policy anew when its files change; else only at SIGHUP.' }),
    stateDirectory: Type.Optional(Type.String({ minLength: 1, isPath: true, expects: 'a directory', description: 'Where the policy in force is kept, so that ngpilot starts with it when the files are broken then, and a promoted candidate stays.' })),
    candidateDirectory: Type.Optional(Type.String({ minLength: 1, isPath: true, expects: 'a directory', description: 'A policy that is to come: it is asked what it would decide, and differences are counted and logged.' })),
    canaryPercent: Type.Integer({ default: 0, minimum: 0, maximum: 100, description: 'So many percent of new calls, chosen by call-id, get the candidate; each call keeps its policy. Read anew when the file changes, and at SIGHUP.' }),
  }),
  decisions: section({
    log: Type.Enum(['off', 'sampled', 'full'], { type: 'string', default: 'off', description: 'One log line for each decision of the policy: for none, for those of `samplePercent` of the calls, or for all.' }),
    samplePercent: Type.Integer({ default: 1, minimum: 0, maximum: 100, description: 'Of how many calls of a hundred `sampled` logs the decisions.' }),
    recordFile: Type.Optional(Type.String({ minLength: 1, isPath: true, expects: 'a file', description: 'Gets the facts of each decision as a line of JSON, without secrets, for `ngpilot policy replay`.' })),
  }),
  store: section({
    url: Type.String({ default: 'memory:', format: 'store-url', expects: storeUrlShape, description: 'Where the state of calls is kept: `memory:` for a single instance, Redis for several: `redis://HOST[:PORT][/DB]`, `redis+sentinel://HOST:PORT,…/NAME[/DB]` for the master that Sentinels know by that name, `redis+cluster://HOST:PORT,…`. `USER:PASSWORD@` before the hosts is the login at Redis, `rediss` in place of `redis` is TLS.' }),
    sentinelUser: Type.Optional(Type.String({ minLength: 1, expects: 'a name', description: 'Login at the Sentinels, where they ask for one.' })),
    sentinelPassword: Type.Optional(Type.String({ writeOnly: true, minLength: 1, expects: 'text', description: 'Password of that login.' })),
    tlsCaFile: Type.Optional(Type.String({ minLength: 1, isPath: true, expects: 'a PEM file', description: 'With TLS: who signed the certificate of Redis; default: the authorities that Node.js trusts.' })),
    tlsCertFile: Type.Optional(Type.String({ minLength: 1, isPath: true, expects: 'a PEM file', description: 'With TLS: our own certificate, where Redis asks for one.' })),
    tlsKeyFile: Type.Optional(Type.String({ minLength: 1, isPath: true, expects: 'a PEM file', description: 'Its key.' })),
    tlsServerName: Type.Optional(Type.String({ format: 'host', expects: 'a host name', description: 'The name in the certificate of Redis, when it is not the host of `store.url`.' })),
    ttlSeconds: Type.Integer({ default: 43200, minimum: 60, maximum: 2592000, description: 'A call with no signalling for so long is forgotten. The default of 12 hours is that of Kamailio\'s dialog module (`default_timeout`).' }),
    commandTimeoutMs: Type.Integer({ default: 150, minimum: 5, maximum: 2000, description: 'How long Redis may take to answer, in milliseconds; less than `request.deadlineMs`.' }),
    onUnavailable: Type.Enum(['continue', 'reject'], { type: 'string', default: 'continue', description: 'While Redis is away: `continue` serves all calls from memory, and Redis gets what it missed when it is back; `reject` refuses new calls, those in progress go on.' }),
    memoryCalls: Type.Integer({ default: 100000, minimum: 100, maximum: 10000000, description: 'With Redis: how many calls each instance also remembers itself, for when Redis is away or has lost them. Those that nothing was heard of for longest go first.' }),
  }),
  request: section({
    deadlineMs: Type.Integer({ default: 400, minimum: 50, maximum: 5000, description: 'Milliseconds in which each request is answered, with SDP or with an error: less than Kamailio waits (http_async_client: 500).' }),
  }),
  evapi: section({
    kamailios: Type.Array(Type.String({ format: 'named-address', expects: 'HOST:PORT, [IPV6]:PORT or NAME=HOST:PORT' }), { default: [], expects: 'a list of Kamailios, each HOST:PORT, [IPV6]:PORT or NAME=HOST:PORT', description: 'The Kamailios to connect to, by `bind_addr` of their evapi modules (kamailio/media-evapi.cfg: 127.0.0.1:8448). The name, or else the address, is the label in metrics and logs.' }),
  }),
  dtmf: section({
    listen: Type.Optional(Type.String({ format: 'named-address', expects: 'HOST:PORT or [IPV6]:PORT', description: 'UDP address that rtpengine tells of pressed keys (its `dtmf-log-dest`). Anybody who reaches it can press keys in calls whose Call-ID they know: a loopback address, or one that nobody else can reach. Nowhere by default.' })),
    rtpengines: Type.Array(Type.String({ format: 'named-address', expects: 'HOST:PORT or [IPV6]:PORT' }), { default: [], expects: 'a list of rtpengines, each HOST:PORT or [IPV6]:PORT', description: 'The same over TCP: the `listen-tcp-ng` of rtpengines that run with `dtmf-log-ng-tcp`, to connect to.' }),
  }),
  diagnosis: section({
    queriesPerSecond: Type.Integer({ default: 20, minimum: 0, maximum: 1000, description: 'How many calls a second the rtpengines are asked about at most, to find out why one has no audio; 0 switches it off. A call is asked about 2 and 5 seconds after its answer, then slowly.' }),
    everySeconds: Type.Integer({ default: 20, minimum: 5, maximum: 3600, description: 'Seconds between two questions about a call that has been up for a while.' }),
    keptCalls: Type.Integer({ default: 2000, minimum: 0, maximum: 100000, description: 'Calls, running and ended, that `ngpilot call explain` knows of; each takes 10 to 40 KB of memory. The oldest that have ended go first.' }),
  }),
  webhook: section({
    url: Type.Optional(Type.String({ writeOnly: true, format: 'http-url', expects: 'http[s]://HOST[:PORT]/PATH', description: 'Where events of calls (node lost, media timeout, DTMF, final report) are posted as JSON; without it nowhere.' })),
    token: Type.Optional(Type.String({ writeOnly: true, pattern: '^[\\x21-\\x7e]+$', expects: 'ASCII without spaces', description: 'Sent to it as `Authorization: Bearer TOKEN`.' })),
    maxQueued: Type.Integer({ default: 1000, minimum: 1, maximum: 100000, description: 'Events that wait for it at most; the oldest goes first.' }),
  }),
  log: section({
    level: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { type: 'string', default: 'info', description: 'The least severe level that is logged.' }),
  }),
  instance: section({
    id: Type.Optional(Type.String({ pattern: '^[\\w.-]{1,32}$', expects: 'letters, digits and . _ - of at most 32 characters', description: 'Name of this process in cookies and logs, different for each one that runs; without it the host name and random digits.' })),
  }),
}, { additionalProperties: false })

export type Settings = Static<typeof Settings>

/** One row of the reference: `default` as it would be written in the environment, undefined where there is none. */
export interface SettingRow {
  name: string
  env: string
  type: string
  default?: string
  description: string
  isSecret: boolean
}

/** All settings in the order of the schema, for the reference page. */
export function describeSettings (): SettingRow[] {
  return leaves.map(({ name, env, schema }) => ({
    name, env, type: typeOf(schema), description: schema.description, isSecret: schema.writeOnly === true,
    ...(hasDefault(schema) && { default: textOf(schema.default) }),
  }))
}

/** The keywords of a JSON Schema that are in use above. */
export interface SettingSchema {
  type: string
  description: string
  default?: unknown
  enum?: string[]
  minimum?: number
  maximum?: number
  writeOnly?: boolean
  expects?: string
  /** A file or directory: in the configuration file it is seen from the directory of that file. */
  isPath?: boolean
  properties?: Record<string, SettingSchema>
}

/** Every setting with its name (`http.port`), the two parts of it, and its variable (`NGPILOT_HTTP_PORT`). */
export const leaves = propertiesOf(Settings as unknown as SettingSchema).flatMap(([group, section]) =>
  propertiesOf(section).map(([key, schema]) =>
    ({ group, key, schema, name: `${group}.${key}`, env: `NGPILOT_${snake(group)}_${snake(key)}` })))

function propertiesOf (schema: SettingSchema): [string, SettingSchema][] {
  return Object.entries(schema.properties ?? {})
}

function section<T extends TProperties> (properties: T) {
  return Type.Object(properties, { additionalProperties: false, default: {} })
}

function typeOf (schema: SettingSchema): string {
  if (schema.enum) return schema.enum.join(' | ')
  if (schema.type === 'integer') return `integer, ${schema.minimum ?? ''}–${schema.maximum ?? ''}`
  return schema.type === 'array' ? 'list, comma-separated' : schema.type
}

function hasDefault (schema: SettingSchema): boolean {
  return schema.default !== undefined && !(Array.isArray(schema.default) && schema.default.length === 0)
}

function textOf (value: unknown): string {
  return Array.isArray(value) ? value.map((item: string | { address: string }) => typeof item === 'string' ? item : item.address).join(',') : String(value)
}

function snake (name: string): string {
  return name.replace(/[A-Z]/g, '_$&').toUpperCase()
}
