import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Settings, describeSettings, loadConfig, type ConfigSources, settingsThatWait } from '../src/config.ts'
import { NgpilotError } from '../src/errors.ts'

const token = 'correct-horse-battery-staple'

/** Writes `text` as ngpilot.yaml into a directory that goes with the test. */
function yamlFile (t: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'ngpilot-config-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'ngpilot.yaml')
  writeFileSync(file, text)
  return file
}

/** The problems that a configuration is refused for, one a string, the file called by its bare name. */
function problemsOf ({ env = {}, file }: Partial<ConfigSources>): string[] {
  try {
    loadConfig({ env, file })
  } catch (error) {
    assert.ok(error instanceof NgpilotError)
    assert.equal(error.code, 'config_invalid')
    const [heading = '', ...lines] = error.message.split('\n')
    assert.match(heading, /^the configuration has (one problem|\d+ problems):$/)
    return lines.map((line) => line.trim().replace(/[^ (]*\/(?=[^/]*\.yaml)/g, ''))
  }
  return []
}

test('is all defaults where nothing is set, and where the file is empty or has empty sections', (t) => {
  const { instance, ...config } = loadConfig({ env: {} })
  assert.deepEqual(config, {
    http: { host: '127.0.0.1', port: 8080, bodyLimitBytes: 131072 },
    ng: { listen: [], allow: [] },
    rtpengine: {
      nodes: [{ id: '127.0.0.1:2223', host: '127.0.0.1', port: 2223 }],
      retryAfterMs: 60, orphanGraceSeconds: 300, mediaTimeoutSeconds: 60, maxInFlight: 32,
    },
    discovery: { dns: [], dnsServers: [], everySeconds: 10 },
    policy: { directory: './policy', isWatched: true, canaryPercent: 0 },
    decisions: { log: 'off', samplePercent: 1 },
    store: { url: 'memory:', ttlSeconds: 43200, commandTimeoutMs: 150, onUnavailable: 'continue', memoryCalls: 100000 },
    request: { deadlineMs: 400 },
    evapi: { kamailios: [] },
    dtmf: { rtpengines: [] },
    diagnosis: { queriesPerSecond: 20, everySeconds: 20, keptCalls: 2000 },
    webhook: { maxQueued: 1000 },
    log: { level: 'info' },
  })
  assert.match(instance.id, /^[\w.-]{1,23}-[\da-f]{8}$/)
  assert.notEqual(loadConfig({ env: {} }).instance.id, instance.id)
  for (const text of ['', '# nothing\n', 'http:\n  # port: 1\nlog:\n']) {
    assert.deepEqual({ ...loadConfig({ env: {}, file: yamlFile(t, text) }), instance }, { ...config, instance })
  }
})

test('takes the environment before the file and the file before the default', (t) => {
  const file = yamlFile(t, 'http: { port: 1111, bodyLimitBytes: 2048 }\nlog: { level: warn }\n')
  const config = loadConfig({ env: { NGPILOT_CONFIG: file, NGPILOT_HTTP_PORT: '2222', NGPILOT_LOG_LEVEL: '', PATH: '/bin' } })
  assert.deepEqual(config.http, { host: '127.0.0.1', port: 2222, bodyLimitBytes: 2048 })
  assert.equal(config.log.level, 'warn')
})

test('reads a file rather than the one that NGPILOT_CONFIG names', (t) => {
  const config = loadConfig({ env: { NGPILOT_CONFIG: '/nowhere.yaml' }, file: yamlFile(t, 'http: { port: 0 }') })
  assert.equal(config.http.port, 0)
})

test('has a variable for each setting, and takes a right value from each', (t) => {
  const pem = yamlFile(t, '-----BEGIN CERTIFICATE-----')
  const values: Record<string, string> = {
    NGPILOT_HTTP_HOST: '::', NGPILOT_HTTP_PORT: '0', NGPILOT_HTTP_TOKEN: token, NGPILOT_HTTP_BODY_LIMIT_BYTES: '4096',
    NGPILOT_NG_LISTEN: 'ws:[::]:2224', NGPILOT_NG_ALLOW: '192.0.2.1,2001:db8::/32',
    NGPILOT_RTPENGINE_NODES: 'a=10.0.0.1:22222,b=[2001:db8::1]:22222, media.example.org:2223,wss://10.0.0.2:443',
    NGPILOT_RTPENGINE_CA_FILE: pem, NGPILOT_RTPENGINE_CERT_FILE: pem, NGPILOT_RTPENGINE_KEY_FILE: pem,
    NGPILOT_RTPENGINE_RETRY_AFTER_MS: '40', NGPILOT_RTPENGINE_ORPHAN_GRACE_SECONDS: '60',
    NGPILOT_RTPENGINE_MEDIA_TIMEOUT_SECONDS: '90', NGPILOT_RTPENGINE_MAX_IN_FLIGHT: '8',
    NGPILOT_DISCOVERY_DNS: 'rtp.example.org:2223,wss://_ng._tcp.example.org', NGPILOT_DISCOVERY_DNS_SERVERS: '127.0.0.1:8600',
    NGPILOT_DISCOVERY_REDIS_KEY: 'nodes', NGPILOT_DISCOVERY_EVERY_SECONDS: '5',
    NGPILOT_POLICY_DIRECTORY: '/etc/ngpilot/policy', NGPILOT_POLICY_IS_WATCHED: 'false', NGPILOT_POLICY_STATE_DIRECTORY: '/var/lib/ngpilot',
    NGPILOT_POLICY_CANDIDATE_DIRECTORY: '/etc/ngpilot/next', NGPILOT_POLICY_CANARY_PERCENT: '5',
    NGPILOT_DECISIONS_LOG: 'sampled', NGPILOT_DECISIONS_SAMPLE_PERCENT: '10', NGPILOT_DECISIONS_RECORD_FILE: '/var/log/decisions.jsonl',
    NGPILOT_STORE_URL: 'rediss://pilot:s%40cret@redis.example.org:6380/2',
    NGPILOT_STORE_SENTINEL_USER: 'watcher', NGPILOT_STORE_SENTINEL_PASSWORD: 'word', NGPILOT_STORE_TLS_CA_FILE: '/etc/ca.pem',
    NGPILOT_STORE_TLS_CERT_FILE: '/etc/cert.pem', NGPILOT_STORE_TLS_KEY_FILE: '/etc/key.pem', NGPILOT_STORE_TLS_SERVER_NAME: 'redis',
    NGPILOT_STORE_TTL_SECONDS: '3600', NGPILOT_STORE_COMMAND_TIMEOUT_MS: '100', NGPILOT_STORE_ON_UNAVAILABLE: 'reject', NGPILOT_STORE_MEMORY_CALLS: '5000', NGPILOT_REQUEST_DEADLINE_MS: '450',
    NGPILOT_EVAPI_KAMAILIOS: 'edge=10.0.0.5:8448, [2001:db8::5]:8448',
    NGPILOT_DTMF_LISTEN: '127.0.0.1:2230', NGPILOT_DTMF_RTPENGINES: '10.0.0.1:2224',
    NGPILOT_DIAGNOSIS_QUERIES_PER_SECOND: '5', NGPILOT_DIAGNOSIS_EVERY_SECONDS: '30', NGPILOT_DIAGNOSIS_KEPT_CALLS: '10',
    NGPILOT_WEBHOOK_URL: 'https://hooks.example.org/ngpilot?key=1', NGPILOT_WEBHOOK_TOKEN: 'hook', NGPILOT_WEBHOOK_MAX_QUEUED: '50',
    NGPILOT_LOG_LEVEL: 'debug', NGPILOT_INSTANCE_ID: 'edge-1',
  }
  assert.deepEqual(describeSettings().map((row) => row.env), Object.keys(values))
  const tls = { ca: '-----BEGIN CERTIFICATE-----', cert: '-----BEGIN CERTIFICATE-----', key: '-----BEGIN CERTIFICATE-----' }
  assert.deepEqual(loadConfig({ env: values }), {
    http: { host: '::', port: 0, token, bodyLimitBytes: 4096 },
    ng: { listen: [{ transport: 'ws', host: '::', port: 2224 }], allow: ['192.0.2.1', '2001:db8::/32'] },
    rtpengine: {
      nodes: [
        { id: 'a', host: '10.0.0.1', port: 22222 },
        { id: 'b', host: '2001:db8::1', port: 22222 },
        { id: 'media.example.org:2223', host: 'media.example.org', port: 2223 },
        { id: '10.0.0.2:443', host: '10.0.0.2', port: 443, transport: 'wss', tls },
      ],
      caFile: pem,
      certFile: pem,
      keyFile: pem,
      retryAfterMs: 40,
      orphanGraceSeconds: 60,
      mediaTimeoutSeconds: 90,
      maxInFlight: 8,
    },
    discovery: {
      dns: [{ name: 'rtp.example.org', port: 2223 }, { name: '_ng._tcp.example.org', transport: 'wss', tls }],
      dnsServers: ['127.0.0.1:8600'],
      redisKey: 'nodes',
      everySeconds: 5,
    },
    policy: {
      directory: '/etc/ngpilot/policy', isWatched: false, stateDirectory: '/var/lib/ngpilot',
      candidateDirectory: '/etc/ngpilot/next', canaryPercent: 5,
    },
    decisions: { log: 'sampled', samplePercent: 10, recordFile: '/var/log/decisions.jsonl' },
    store: {
      url: 'rediss://pilot:s%40cret@redis.example.org:6380/2', sentinelUser: 'watcher', sentinelPassword: 'word',
      tlsCaFile: '/etc/ca.pem', tlsCertFile: '/etc/cert.pem', tlsKeyFile: '/etc/key.pem', tlsServerName: 'redis',
      ttlSeconds: 3600, commandTimeoutMs: 100, onUnavailable: 'reject', memoryCalls: 5000,
    },
    request: { deadlineMs: 450 },
    evapi: { kamailios: [{ id: 'edge', host: '10.0.0.5', port: 8448 }, { id: '[2001:db8::5]:8448', host: '2001:db8::5', port: 8448 }] },
    dtmf: {
      listen: { id: '127.0.0.1:2230', host: '127.0.0.1', port: 2230 },
      rtpengines: [{ id: '10.0.0.1:2224', host: '10.0.0.1', port: 2224 }],
    },
    diagnosis: { queriesPerSecond: 5, everySeconds: 30, keptCalls: 10 },
    webhook: { url: 'https://hooks.example.org/ngpilot?key=1', token: 'hook', maxQueued: 50 },
    log: { level: 'debug' },
    instance: { id: 'edge-1' },
  })
})

test('reads nodes as text and as maps, and the policy directory as seen from the file', (t) => {
  const file = yamlFile(t, 'rtpengine:\n  nodes: [edge=10.0.0.1:2223, { address: "[::1]:2223" }, { id: b, address: b.example:1 }]\npolicy: { directory: rules }\n')
  const { rtpengine, policy } = loadConfig({ env: {}, file })
  assert.deepEqual(rtpengine.nodes, [
    { id: 'edge', host: '10.0.0.1', port: 2223 }, { id: '[::1]:2223', host: '::1', port: 2223 }, { id: 'b', host: 'b.example', port: 1 },
  ])
  assert.equal(policy.directory, join(file, '../rules'))
  assert.equal(loadConfig({ env: { NGPILOT_POLICY_DIRECTORY: 'here' }, file }).policy.directory, 'here')
})

test('paths of the file are seen from its directory, those of a variable and the defaults from our own', (t) => {
  const text = 'policy: { candidateDirectory: next, stateDirectory: /var/lib/x }\n'
    + 'decisions: { recordFile: d.jsonl }\nstore: { tlsCaFile: ca.pem }\n'
  const file = yamlFile(t, text)
  const { policy, decisions, store } = loadConfig({ env: { NGPILOT_STORE_TLS_KEY_FILE: 'key.pem' }, file })
  const beside = (name: string) => join(file, '..', name)
  assert.deepEqual([policy.directory, policy.candidateDirectory, policy.stateDirectory], ['./policy', beside('next'), '/var/lib/x'])
  assert.deepEqual([decisions.recordFile, store.tlsCaFile, store.tlsKeyFile], [beside('d.jsonl'), beside('ca.pem'), 'key.pem'])

  const pem = yamlFile(t, '-----BEGIN CERTIFICATE-----\n')
  const { rtpengine } = loadConfig({
    env: { NGPILOT_RTPENGINE_CA_FILE: relative('.', pem) }, file: yamlFile(t, 'rtpengine: { nodes: ["wss://h:1"] }'),
  })
  assert.match(rtpengine.nodes[0]?.tls?.ca ?? '', /BEGIN CERTIFICATE/)
})

test('reads the transports of a node, its stream and its certificates, as seen from the file', (t) => {
  const file = yamlFile(t, `rtpengine:
  caFile: ngpilot.yaml
  nodes:
    - a=ws://10.0.0.1:8080
    - { id: b, address: 10.0.0.2:2223, stream: "https://[::1]:443", streamAboveBytes: 1400, serverName: b.example, version: 12.5.1 }
    - { id: c, address: "udp://10.0.0.3:2223" }
# -----BEGIN CERTIFICATE-----
`)
  const ca = readFileSync(file, 'utf8')
  const tls = { ca, serverName: 'b.example' }
  assert.deepEqual(loadConfig({ env: {}, file }).rtpengine.nodes, [
    { id: 'a', host: '10.0.0.1', port: 8080, transport: 'ws' },
    {
      id: 'b', host: '10.0.0.2', port: 2223, streamAboveBytes: 1400, version: '12.5.1', tls,
      stream: { host: '::1', port: 443, transport: 'https', tls },
    },
    { id: 'c', host: '10.0.0.3', port: 2223, transport: 'udp' },
  ])
})

test('has no node by default where nodes are found by other means', () => {
  assert.deepEqual(loadConfig({ env: { NGPILOT_DISCOVERY_DNS: 'rtp.example.org:2223' } }).rtpengine.nodes, [])
})

test('lists every problem of file and environment at once', (t) => {
  const file = yamlFile(t, `http:
  host: 0.0.0.0
  prot: 80
  port: "8080"
rtpengine:
  nodes:
    - a=10.0.0.1:2223
    - { id: a, adress: x }
log: { level: inof }
`)
  assert.deepEqual(problemsOf({ env: { NGPILOT_STORE_TTL_SECONDS: '1h', NGPILOT_HTP_TOKEN: token }, file }), [
    'NGPILOT_HTP_TOKEN: no such setting; did you mean NGPILOT_HTTP_TOKEN?',
    'http.prot (ngpilot.yaml:3:3): no such setting; did you mean http.port?',
    'http.port (ngpilot.yaml:4:3): found "8080"; must be a whole number from 0 to 65535',
    'rtpengine.nodes[1].address (ngpilot.yaml:8:7): is missing; must be HOST:PORT or [IPV6]:PORT, with ws://, wss://, http:// or https:// before it where that is the transport',
    'rtpengine.nodes[1].adress (ngpilot.yaml:8:16): no such setting; did you mean rtpengine.nodes[1].address?',
    'store.ttlSeconds (NGPILOT_STORE_TTL_SECONDS): found "1h"; must be a whole number from 60 to 2592000',
    'log.level (ngpilot.yaml:9:8): found "inof"; must be fatal, error, warn, info, debug, trace or silent; did you mean info?',
    'http.token (ngpilot.yaml:1:1): is missing; must be set (NGPILOT_HTTP_TOKEN), as http.host is "0.0.0.0" and not a loopback address',
  ])
})

const wrongVariables: [Record<string, string>, RegExp][] = [
  [{ NGPILOT_HTTP_HOST: '[::1]' }, /^http\.host \(NGPILOT_HTTP_HOST\): found "\[::1\]"; must be an IP address/],
  [{ NGPILOT_HTTP_HOST: '256.1.1.1' }, /found "256\.1\.1\.1"; must be an IP address/],
  [{ NGPILOT_HTTP_HOST: 'api.example.org' }, /^http\.token \(NGPILOT_HTTP_HOST\)|^http\.token: is missing/],
  [{ NGPILOT_HTTP_PORT: '65536' }, /found 65536; must be a whole number from 0 to 65535/],
  [{ NGPILOT_HTTP_PORT: '1e3' }, /found "1e3"; must be a whole number/],
  [{ NGPILOT_HTTP_PORT: ' 80' }, /found " 80"; must be a whole number/],
  [{ NGPILOT_HTTP_BODY_LIMIT_BYTES: '1' }, /found 1; must be a whole number from 1024 to 16777216/],
  [{ NGPILOT_RTPENGINE_NODES: 'a=10.0.0.1' }, /nodes\[0\]\.address \(NGPILOT_RTPENGINE_NODES\): found "10\.0\.0\.1"; must be HOST:PORT/],
  [{ NGPILOT_RTPENGINE_NODES: '10.0.0.1:0' }, /must be HOST:PORT/],
  [{ NGPILOT_RTPENGINE_NODES: '::1:2223' }, /must be HOST:PORT or \[IPV6\]:PORT/],
  [{ NGPILOT_RTPENGINE_NODES: '[::1]:2223,' }, /nodes\[1\]\.address .*: found ""; must be HOST:PORT/],
  [{ NGPILOT_RTPENGINE_NODES: 'a b=h:1' }, /nodes\[0\]\.id .*: found "a b"; must be a name of letters/],
  [{ NGPILOT_RTPENGINE_NODES: 'a=h:1,a=h:2' }, /nodes\[1\] .*: found "a", which rtpengine\.nodes\[0\] has too; must be different/],
  [{ NGPILOT_RTPENGINE_NODES: 'a=h:1,b=h:1' }, /nodes\[1\] .*: found "h:1", which rtpengine\.nodes\[0\] has too/],
  [{ NGPILOT_RTPENGINE_RETRY_AFTER_MS: '400' }, /found 400; must be less than request\.deadlineMs, which is 400/],
  [{ NGPILOT_STORE_URL: 'mysql://h' }, /found "mysql:\/\/h"; must be memory: or redis/],
  [{ NGPILOT_STORE_URL: 'redis://h:99999' }, /must be memory: or redis/],
  [{ NGPILOT_STORE_URL: 'redis://h/zero' }, /must be memory: or redis/],
  [{ NGPILOT_EVAPI_KAMAILIOS: 'edge=10.0.0.5' }, /kamailios\[0\] .*: found "edge=10.0.0.5"; must be HOST:PORT/],
  [{ NGPILOT_EVAPI_KAMAILIOS: 'a=h:1,a=h:2' }, /kamailios\[1\] .*: found "a", which another one has too/],
  [{ NGPILOT_WEBHOOK_URL: 'hooks.example.org/x' }, /found 19 characters \(hidden\); must be http\[s\]:/],
  [{ NGPILOT_STORE_COMMAND_TIMEOUT_MS: '500' }, /found 500; must be less than request\.deadlineMs, which is 400/],
  [{ NGPILOT_REQUEST_DEADLINE_MS: '5001' }, /found 5001; must be a whole number from 50 to 5000/],
  [{ NGPILOT_INSTANCE_ID: 'a b' }, /found "a b"; must be letters, digits/],
  [{ NGPILOT_PORT: '8080' }, /^NGPILOT_PORT: no such setting; did you mean NGPILOT_HTTP_PORT\?/],
  [{ NGPILOT_ZZZ: '1' }, /^NGPILOT_ZZZ: no such setting$/],
]
for (const [env, message] of wrongVariables) {
  test(`refuses ${JSON.stringify(env)}`, () => {
    const problems = problemsOf({ env })
    assert.equal(problems.length, 1)
    assert.match(problems[0] ?? '', message)
  })
}

const sections = Object.keys(Settings.properties).join(', ')
const wrongFiles: [string, string][] = [
  ['- http', 'ngpilot.yaml: found a list; must be a map of ' + sections],
  ['http: 8080', 'http (ngpilot.yaml:1:1): found a number; must be a map of host, port, token, bodyLimitBytes'],
  ['http:\n  port:', 'http.port (ngpilot.yaml:2:3): found nothing; must be a whole number from 0 to 65535'],
  ['http: { port: 80.5 }', 'http.port (ngpilot.yaml:1:9): found 80.5; must be a whole number from 0 to 65535'],
  ['port: 80', 'port (ngpilot.yaml:1:1): no such setting; did you mean http.port?'],
  ['zzzzzzzz: 80', 'zzzzzzzz (ngpilot.yaml:1:1): no such setting; known here: ' + sections],
  ['__proto__: { a: 1 }', '__proto__ (ngpilot.yaml:1:1): no such setting; known here: ' + sections],
  ['rtpengine: { nodes: [] }', 'rtpengine.nodes (ngpilot.yaml:1:14): found an empty list; must have a node, or discovery.dns or discovery.redisKey must be set'],
  ['rtpengine:\n  nodes:\n    - 2223', 'rtpengine.nodes[0] (ngpilot.yaml:3:7): found a number; must be HOST:PORT, [IPV6]:PORT, TRANSPORT://HOST:PORT, NAME=HOST:PORT or a map of id, address, stream, streamAboveBytes, weight, priority, sets, version, caFile, certFile, keyFile, serverName'],
  ['rtpengine: { nodes: [{ address: "tcp://h:1" }] }', 'rtpengine.nodes[0].address (ngpilot.yaml:1:24): found "tcp://h:1"; must be HOST:PORT or [IPV6]:PORT, with ws://, wss://, http:// or https:// before it where that is the transport'],
  ['rtpengine: { nodes: [{ address: "h:1", streamAboveBytes: 9 }] }', 'rtpengine.nodes[0].stream (ngpilot.yaml:1:22): is missing; must be set beside streamAboveBytes'],
  ['rtpengine: { nodes: [{ address: "h:1", stream: "h:2" }] }', 'rtpengine.nodes[0].stream (ngpilot.yaml:1:40): found "h:2"; must be ws://, wss://, http:// or https:// and HOST:PORT'],
  ['rtpengine: { nodes: [{ address: "h:1", version: new }] }', 'rtpengine.nodes[0].version (ngpilot.yaml:1:40): found "new"; must be a version of rtpengine in quotes, say "12.5"'],
  ['rtpengine: { nodes: [{ address: "h:1", version: 12.5 }] }', 'rtpengine.nodes[0].version (ngpilot.yaml:1:40): found 12.5; must be a version of rtpengine in quotes, say "12.5"'],
  ['rtpengine: { nodes: [{ address: "h:1", sets: [a b] }] }', 'rtpengine.nodes[0].sets[0] (ngpilot.yaml:1:47): found "a b"; must be a name of letters, digits and . _ - of at most 32 characters'],
  ['rtpengine: { nodes: ["a=h:1", "b=udp://h:1"] }', 'rtpengine.nodes[1] (ngpilot.yaml:1:31): found "h:1", which rtpengine.nodes[0] has too; must be different for each node'],
  ['rtpengine: { nodes: ["[::1]:1", "ws://[::1]:1"] }', 'rtpengine.nodes[1] (ngpilot.yaml:1:33): found "[::1]:1", which rtpengine.nodes[0] has too; must be different for each node'],
  ['rtpengine: { certFile: a.pem }', 'rtpengine.keyFile (ngpilot.yaml:1:1): is missing; must be set beside certFile'],
  ['rtpengine: { caFile: none.yaml, nodes: ["wss://h:1"] }', 'rtpengine.nodes[0].caFile (ngpilot.yaml:1:41): none.yaml cannot be read (ENOENT)'],
  ['rtpengine: { caFile: ngpilot.yaml, nodes: ["wss://h:1"] }', 'rtpengine.nodes[0].caFile (ngpilot.yaml:1:44): ngpilot.yaml is no PEM file: it has no line -----BEGIN …'],
  ['discovery: { dns: [10.0.0.1:2223] }', 'discovery.dns[0].name (ngpilot.yaml:1:20): found "10.0.0.1:2223"; must be NAME:PORT, or _SERVICE._PROTOCOL.DOMAIN of SRV records, with a transport (ws://) before it where it is not UDP'],
  ['discovery: { redisKey: nodes }', 'discovery.redisKey (ngpilot.yaml:1:14): needs a Redis; store.url is memory:'],
  ['policy: { directory: "" }', 'policy.directory (ngpilot.yaml:1:11): found ""; must be a directory'],
  ['http: {}\nlog: {}\nhttp: {}', 'ngpilot.yaml:3:1: Map keys must be unique'],
  ['http:\n  port: [', 'ngpilot.yaml:2:10: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ['http: !env X', 'ngpilot.yaml:1:7: Unresolved tag'],
]
for (const [text, message] of wrongFiles) {
  test(`refuses the file ${JSON.stringify(text)}`, (t) => {
    assert.deepEqual(problemsOf({ file: yamlFile(t, text) }), [message])
  })
}

test('refuses a file that is not there, is a directory, or unfolds without end', (t) => {
  assert.deepEqual(problemsOf({ file: '/nowhere/ngpilot.yaml' }), ['ngpilot.yaml: cannot be read (ENOENT)'])
  assert.deepEqual(problemsOf({ env: { NGPILOT_CONFIG: tmpdir() } }), [`${tmpdir()}: cannot be read (EISDIR)`])
  const laughs = ['a: &a [x]', ...'bcdefgh'.split('').map((key, i) => `${key}: &${key} [${`*${'abcdefg'.charAt(i)},`.repeat(9)}]`)].join('\n')
  assert.deepEqual(problemsOf({ file: yamlFile(t, laughs) }), ['ngpilot.yaml: cannot be read (too many aliases)'])
})

test('leaves the variables alone that Kubernetes sets for a Service of its name', () => {
  const env = {
    NGPILOT_SERVICE_HOST: '10.96.0.7', NGPILOT_SERVICE_PORT_HTTP: '80', NGPILOT_PORT: 'tcp://10.96.0.7:80',
    NGPILOT_PORT_80_TCP_ADDR: '10.96.0.7', NGPILOT_HTTP_PORT: 'tcp://10.96.0.8:80',
  }
  assert.equal(loadConfig({ env }).http.port, 8080)
})

test('never shows the token or the password of Redis', (t) => {
  const secret = 'hunter2 hunter2'
  const texts = [
    `http: { token: "${secret}" }`, `http: "${secret}"`, `http: { token: { a: "${secret}" } }`, `store: { token: "${secret}" }`,
    `store: { url: "redis://:${secret}@h" }`, `store: { url: "redis://u:p@/${secret}@h:1/x" }`, `store: { url: "u:${secret}@h" }`,
    `store: { url: "redis://h/?password=${secret}" }`, `store: "redis://:${secret}@h"`, `http:\n  token: *${secret}`,
    `http:\n  token: "${secret}`, `http:\n  token: !${secret}`, `http:\n  token: ${secret}: x`, `http:\n  token: @${secret}`,
  ]
  for (const text of texts) {
    const problems = problemsOf({ file: yamlFile(t, text) })
    assert.notEqual(problems.length, 0, text)
    assert.doesNotMatch(problems.join('\n'), /hunter2/)
  }
  for (const variable of ['NGPILOT_HTTP_TOKEN', 'NGPILOT_HTTP_TOKN']) {
    assert.doesNotMatch(problemsOf({ env: { [variable]: secret } }).join('\n'), /hunter2/)
  }
})

test('names the settings that only a start takes up', () => {
  const before = loadConfig({ env: {} })
  assert.deepEqual(settingsThatWait(before, loadConfig({ env: {} })), [])
  const live = { NGPILOT_RTPENGINE_NODES: 'n2=h:1', NGPILOT_POLICY_CANARY_PERCENT: '5' }
  assert.deepEqual(settingsThatWait(before, loadConfig({ env: live })), [])
  const after = loadConfig({ env: { ...live, NGPILOT_HTTP_PORT: '81', NGPILOT_HTTP_TOKEN: token, NGPILOT_DISCOVERY_DNS: 'h.example:1', NGPILOT_DTMF_LISTEN: '127.0.0.1:9' } })
  assert.deepEqual(settingsThatWait(before, after), ['http.port', 'http.token', 'discovery.dns', 'dtmf.listen'])
})

test('describes each setting for the reference', () => {
  const rows = describeSettings()
  assert.deepEqual(rows.filter((row) => row.isSecret).map((row) => row.name), ['http.token', 'store.sentinelPassword', 'webhook.url', 'webhook.token'])
  assert.deepEqual(rows.filter((row) => row.default === undefined).map((row) => row.name), [
    'http.token', 'ng.listen', 'ng.allow', 'rtpengine.caFile', 'rtpengine.certFile', 'rtpengine.keyFile',
    'discovery.dns', 'discovery.dnsServers', 'discovery.redisKey',
    'policy.stateDirectory', 'policy.candidateDirectory', 'decisions.recordFile',
    'store.sentinelUser', 'store.sentinelPassword', 'store.tlsCaFile', 'store.tlsCertFile', 'store.tlsKeyFile',
    'store.tlsServerName', 'evapi.kamailios', 'dtmf.listen', 'dtmf.rtpengines', 'webhook.url', 'webhook.token', 'instance.id',
  ])
  assert.equal(rows.find((row) => row.name === 'rtpengine.nodes')?.default, '127.0.0.1:2223')
  for (const { description, type } of rows) assert.ok(description.endsWith('.') && type)
})

test('takes the addresses of the NG ingress apart, and asks for its clients where it is not on loopback', () => {
  const { ng } = loadConfig({ env: { NGPILOT_NG_LISTEN: '127.0.0.1:2223, udp:[::1]:2223, ws:10.0.0.1:2224', NGPILOT_NG_ALLOW: '10.0.0.0/8' } })
  assert.deepEqual(ng.listen, [
    { transport: 'udp', host: '127.0.0.1', port: 2223 },
    { transport: 'udp', host: '::1', port: 2223 },
    { transport: 'ws', host: '10.0.0.1', port: 2224 },
  ])
  assert.deepEqual(problemsOf({ env: { NGPILOT_NG_LISTEN: 'udp:0.0.0.0:2223' } }), [
    'ng.allow: is empty; must name the clients (NGPILOT_NG_ALLOW), as ng.listen[0] is "udp:0.0.0.0:2223" and not a loopback address',
  ])
  assert.deepEqual(problemsOf({ env: { NGPILOT_NG_LISTEN: 'tcp:127.0.0.1:2223', NGPILOT_NG_ALLOW: '10.0.0.0/40' } }), [
    'ng.listen[0] (NGPILOT_NG_LISTEN): found "tcp:127.0.0.1:2223"; must be [udp:|ws:]HOST:PORT',
    'ng.allow[0] (NGPILOT_NG_ALLOW): found "10.0.0.0/40"; must be an IP address or a block such as 192.0.2.0/24',
  ])
})
