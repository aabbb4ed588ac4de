import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { CacheRule } from '../build/cache/budget.ts'
import { TscomposeError } from '../errors.ts'
import { closest } from '../suggest.ts'
import type { Labels, Ulimit } from './api.ts'
import { defaultKeepStorage, parseBuilder } from './builder-config.ts'
import { parseBytes } from './bytes.ts'

/** The engine's configuration: what the keys of Docker's `daemon.json` of (nearly) the same names say. */
export interface EngineConfig {
  readonly registryMirrors: readonly string[]
  readonly insecureRegistries: readonly string[]
  /** No registry is ever asked for anything. Not of Docker. */
  readonly offline: boolean
  /** What goes before `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` of the environment. */
  readonly proxies: Readonly<Labels>
  /** CIDR blocks that networks without a subnet of their own are cut from, `size` being the prefix length. */
  readonly defaultAddressPools: readonly { readonly base: string; readonly size: number }[]
  /** Where ports are published that name no address; empty: on all. */
  readonly ip: string
  /** What `host-gateway` stands for; empty: the gateway of the container's network. */
  readonly hostGatewayIp: string
  readonly logDriver: string
  readonly logOpts: Readonly<Labels>
  /** Whether a container gets the built-in init unless it says otherwise. */
  readonly init: boolean
  readonly defaultUlimits: readonly Ulimit[]
  /** bytes */
  readonly defaultShmSize: number
  readonly dns: readonly string[]
  readonly dnsOpts: readonly string[]
  readonly dnsSearch: readonly string[]
  readonly noNewPrivileges: boolean
  /** Whose subordinate ids the users of containers are on the host: `default`, `user[:group]`; empty: their own. */
  readonly usernsRemap: string
  /** `tcp://127.0.0.1:2376`: where the API is served beside the socket, to clients with a certificate. */
  readonly hosts: readonly string[]
  /** Only with this, and the files below, is a port opened at all. */
  readonly tlsVerify: boolean
  /** Whose certificates clients must have. */
  readonly tlsCaCert: string
  readonly tlsCert: string
  readonly tlsKey: string
  /** Where `GET /metrics` is answered beside the socket: `127.0.0.1:9323`; absent: nowhere. */
  readonly metricsAddr?: string
  /** What the build cache is kept to besides what images have: `builder.gc`. */
  readonly buildCacheRules: readonly CacheRule[]
  /** Where specifications of devices are (Container Device Interface); a later directory goes before an earlier one. */
  readonly cdiSpecDirs: readonly string[]
  /** Seconds without a request and without a running container after which the engine ends; 0: never. Not of Docker. */
  readonly idleTimeout: number
}

export const defaultConfig: EngineConfig = {
  registryMirrors: [],
  insecureRegistries: [],
  offline: false,
  proxies: {},
  defaultAddressPools: [],
  ip: '',
  hostGatewayIp: '',
  logDriver: 'json-file',
  logOpts: {},
  init: true,
  defaultUlimits: [],
  defaultShmSize: 64 * 2 ** 20,
  dns: [],
  dnsOpts: [],
  dnsSearch: [],
  noNewPrivileges: false,
  usernsRemap: '',
  hosts: [],
  tlsVerify: false,
  tlsCaCert: '',
  tlsCert: '',
  tlsKey: '',
  buildCacheRules: [{ budget: defaultKeepStorage, types: [] }],
  cdiSpecDirs: ['/etc/cdi', '/var/run/cdi'],
  idleTimeout: 60,
}

/** Reads a value of the file; undefined if it is of the wrong type. */
type Parse<T> = (value: unknown) => T | undefined

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const boolean: Parse<boolean> = value => (typeof value === 'boolean' ? value : undefined)
const seconds: Parse<number> = value =>
  typeof value === 'number' && value >= 0 && value <= 2_000_000 ? value : undefined
const string: Parse<string> = value => (typeof value === 'string' ? value : undefined)
const address: Parse<string> = value => (typeof value === 'string' && isIP(value) !== 0 ? value : undefined)
const hostAndPort: Parse<string> = value =>
  typeof value === 'string' && /^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/.test(value) ? value : undefined
const strings: Parse<string[]> = value =>
  Array.isArray(value) && value.every(item => typeof item === 'string') ? value : undefined
const tcpHosts: Parse<string[]> = value =>
  strings(value)?.every(host => hostAndPort(/^tcp:\/\/(.*)$/.exec(host)?.[1])) ? strings(value) : undefined
const stringMap: Parse<Labels> = value =>
  isObject(value) && Object.values(value).every(item => typeof item === 'string') ? (value as Labels) : undefined
const proxyMap: Parse<Labels> = value => {
  const map = stringMap(value)
  return map && Object.keys(map).every(key => /^(https?|no)-proxy$/.test(key)) ? map : undefined
}
const size: Parse<number> = value =>
  typeof value === 'number' ? value : typeof value === 'string' ? parseBytes(value) : undefined

const pools: Parse<EngineConfig['defaultAddressPools']> = value =>
  Array.isArray(value) &&
  value.every(pool => isObject(pool) && typeof pool.base === 'string' && Number.isInteger(pool.size))
    ? (value as { base: string; size: number }[])
    : undefined

const ulimits: Parse<Ulimit[]> = value => {
  if (!isObject(value)) return undefined
  const limits = Object.entries(value).map(([name, limit]) =>
    isObject(limit) && Number.isInteger(limit.Soft) && Number.isInteger(limit.Hard)
      ? { Name: name, Soft: Number(limit.Soft), Hard: Number(limit.Hard) }
      : undefined,
  )
  return limits.every(limit => limit !== undefined) ? limits : undefined
}

const row = <Field extends keyof EngineConfig>(
  field: Field,
  parse: Parse<EngineConfig[Field]>,
  expected: string,
): { field: keyof EngineConfig; parse: Parse<unknown>; expected: string } => ({ field, parse, expected })

/** Every key of the file: where it goes, how it is read, and what it should be. */
const keys: Readonly<Record<string, ReturnType<typeof row>>> = {
  'registry-mirrors': row('registryMirrors', strings, 'a list of URLs'),
  'insecure-registries': row('insecureRegistries', strings, 'a list of hosts or CIDRs'),
  proxies: row('proxies', proxyMap, 'an object of "http-proxy", "https-proxy" and "no-proxy"'),
  offline: row('offline', boolean, 'true or false'),
  'default-address-pools': row('defaultAddressPools', pools, 'a list of {"base": CIDR, "size": number}'),
  ip: row('ip', address, 'an IP address'),
  'host-gateway-ip': row('hostGatewayIp', address, 'an IP address'),
  'log-driver': row('logDriver', string, 'a string'),
  'log-opts': row('logOpts', stringMap, 'an object of strings'),
  init: row('init', boolean, 'true or false'),
  'default-ulimits': row('defaultUlimits', ulimits, 'an object of {"Name": string, "Soft": number, "Hard": number}'),
  'default-shm-size': row('defaultShmSize', size, 'a size such as "64M"'),
  dns: row('dns', strings, 'a list of addresses'),
  'dns-opts': row('dnsOpts', strings, 'a list of strings'),
  'dns-search': row('dnsSearch', strings, 'a list of domains'),
  'no-new-privileges': row('noNewPrivileges', boolean, 'true or false'),
  'userns-remap': row('usernsRemap', string, '"default", a user or user:group'),
  hosts: row('hosts', tcpHosts, 'a list of addresses such as "tcp://127.0.0.1:2376"'),
  tlsverify: row('tlsVerify', boolean, 'true or false'),
  tlscacert: row('tlsCaCert', string, 'the path of a file'),
  tlscert: row('tlsCert', string, 'the path of a file'),
  'cdi-spec-dirs': row('cdiSpecDirs', strings, 'a list of directories'),
  tlskey: row('tlsKey', string, 'the path of a file'),
  'metrics-addr': row('metricsAddr', hostAndPort, 'an address and a port such as "127.0.0.1:9323"'),
  builder: row(
    'buildCacheRules',
    parseBuilder,
    'an object such as {"gc": {"enabled": true, "defaultKeepStorage": "20GB", "policy": [{"keepStorage": "10GB", "filter": ["unused-for=48h"]}]}}',
  ),
  'idle-timeout': row('idleTimeout', seconds, 'a number of seconds'),
}

const provesClients = ({ tlsVerify, tlsCaCert, tlsCert, tlsKey }: EngineConfig): boolean =>
  tlsVerify && tlsCaCert !== '' && tlsCert !== '' && tlsKey !== ''

/**
 * Parses a configuration file.
 * @param file its name, for messages
 * @throws TscomposeError ENGINE_CONFIG_INVALID
 */
export function parseEngineConfig(text: string, file: string): EngineConfig {
  const invalid = (message: string, fix?: string) =>
    new TscomposeError('ENGINE_CONFIG_INVALID', `${file}: ${message}`, fix === undefined ? {} : { fix })
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw invalid((error as Error).message)
  }
  if (!isObject(document)) throw invalid('a JSON object is expected')
  const config: Record<string, unknown> = { ...defaultConfig }
  for (const [key, value] of Object.entries(document)) {
    const known = keys[key]
    if (!known) {
      const meant = closest(key, Object.keys(keys))
      throw invalid(
        `unknown key "${key}"`,
        meant ? `Did you mean "${meant}"?` : `Known: ${Object.keys(keys).join(', ')}.`,
      )
    }
    const parsed = known.parse(value)
    if (parsed === undefined) throw invalid(`"${key}" must be ${known.expected}, not ${JSON.stringify(value)}`)
    config[known.field] = parsed
  }
  const complete = config as unknown as EngineConfig
  if (complete.hosts.length > 0 && !provesClients(complete))
    throw invalid(
      '"hosts" without TLS that verifies its clients would give the machine to everybody who can reach it',
      'Set "tlsverify": true, "tlscacert", "tlscert" and "tlskey".',
    )
  return complete
}

/** Reads the configuration file. A file that does not exist says nothing, unless somebody asked for it by name. */
export async function readEngineConfig(file = process.env.TSCOMPOSE_CONFIG): Promise<EngineConfig> {
  const path = file || '/etc/tscompose/config.json'
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (!file && (error as NodeJS.ErrnoException).code === 'ENOENT') return defaultConfig
    throw new TscomposeError('ENGINE_CONFIG_INVALID', `cannot read ${path}: ${(error as Error).message}`, {
      cause: error,
    })
  }
  return parseEngineConfig(text, path)
}
