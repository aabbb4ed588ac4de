import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Service } from '../../src/compose/project.ts'
import { containerRequest } from '../../src/compose/translate/container.ts'
import { restartPolicy } from '../../src/compose/translate/host.ts'
import { checkSupported } from '../../src/compose/translate/supported.ts'
import type { ContainerCreateRequest, HostConfig } from '../../src/engine/api.ts'
import { on, probe, project, service } from './projects.ts'

import { request } from './translated.ts'

/** One attribute of the file, and what it has to become; whatever else is there does not matter. */
const attributes: [string, Partial<Service>, Partial<ContainerCreateRequest>][] = [
  ['command', { command: ['sleep', '1'] }, { Cmd: ['sleep', '1'] }],
  ['an empty command', { command: [] }, { Cmd: [] }],
  ['entrypoint', { entrypoint: ['/init'] }, { Entrypoint: ['/init'] }],
  ['an entrypoint taken away', { entrypoint: [] }, { Entrypoint: [''] }],
  ['environment', { environment: { A: '1', B: '', C: null } }, { Env: ['A=1', 'B=', 'C'] }],
  ['user and directory', { user: '1:2', workingDir: '/w' }, { User: '1:2', WorkingDir: '/w' }],
  ['names', { hostname: 'h', domainname: 'd' }, { Hostname: 'h', Domainname: 'd' }],
  ['terminal', { tty: true, stdinOpen: true }, { Tty: true, OpenStdin: true }],
  ['stop', { stopSignal: 'SIGINT', stopGracePeriod: 1500 }, { StopSignal: 'SIGINT', StopTimeout: 2 }],
  [
    'expose and ports',
    { expose: ['8000-8001', '53/udp'], ports: [{ target: 80, protocol: 'tcp' }] },
    { ExposedPorts: { '8000/tcp': {}, '8001/tcp': {}, '53/udp': {}, '80/tcp': {} } },
  ],
  [
    'healthcheck',
    {
      healthcheck: { ...probe, interval: 1500, timeout: 1000, startPeriod: 10, startInterval: 0.5, retries: 4 },
    },
    {
      Healthcheck: {
        Test: ['CMD', 'true'],
        Interval: 1_500_000_000,
        Timeout: 1_000_000_000,
        StartPeriod: 10_000_000,
        StartInterval: 500_000,
        Retries: 4,
      },
    },
  ],
  ['a healthcheck switched off', { healthcheck: { disable: true } }, { Healthcheck: { Test: ['NONE'] } }],
]
const hostAttributes: [string, Partial<Service>, HostConfig][] = [
  [
    'ports',
    {
      ports: [
        { target: 80, published: '8080', protocol: 'tcp' },
        { target: 80, published: '8000-8010', hostIp: '127.0.0.1', protocol: 'tcp' },
        { target: 53, protocol: 'udp' },
      ],
    },
    {
      PortBindings: {
        '80/tcp': [
          { HostIp: '', HostPort: '8080' },
          { HostIp: '127.0.0.1', HostPort: '8000-8010' },
        ],
        '53/udp': [{ HostIp: '', HostPort: '' }],
      },
    },
  ],
  ['network_mode', { networks: {}, networkMode: 'host' }, { NetworkMode: 'host' }],
  ['network_mode: service', { networks: {}, networkMode: 'service:db' }, { NetworkMode: 'container:id-of-db' }],
  [
    'network_mode: container of a service',
    { networks: {}, networkMode: 'container:demo-db-1' },
    { NetworkMode: 'container:id-of-db' },
  ],
  ['network_mode: container', { networks: {}, networkMode: 'container:other' }, { NetworkMode: 'container:other' }],
  [
    'shared namespaces',
    { ipc: 'service:db', pid: 'host', uts: 'host', cgroup: 'private', userns: 'host' },
    { IpcMode: 'container:id-of-db', PidMode: 'host', UTSMode: 'host', CgroupnsMode: 'private', UsernsMode: 'host' },
  ],
  ['volumes_from', { volumesFrom: ['db:ro', 'container:other'] }, { VolumesFrom: ['id-of-db:ro', 'other'] }],
  ['tmpfs', { tmpfs: ['/run', '/tmp:size=1m,mode=700'] }, { Tmpfs: { '/run': '', '/tmp': 'size=1m,mode=700' } }],
  [
    'rights',
    { privileged: true, readOnly: true, capAdd: ['NET_ADMIN'], capDrop: ['ALL'], groupAdd: ['audio'] },
    { Privileged: true, ReadonlyRootfs: true, CapAdd: ['NET_ADMIN'], CapDrop: ['ALL'], GroupAdd: ['audio'] },
  ],
  [
    'security_opt',
    { securityOpt: ['no-new-privileges:true', 'seccomp:./p.json', 'systempaths=unconfined'] },
    {
      SecurityOpt: ['no-new-privileges:true', 'seccomp=text of ./p.json'],
      MaskedPaths: [],
      ReadonlyPaths: [],
    },
  ],
  ['sysctls and ulimits', { sysctls: { 'net.a': '1' } }, { Sysctls: { 'net.a': '1' } }],
  ['ulimits', { ulimits: { nofile: { soft: 1, hard: 2 } } }, { Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] }],
  [
    'dns',
    { dns: ['1.1.1.1'], dnsSearch: ['x'], dnsOpt: ['y'] },
    { Dns: ['1.1.1.1'], DnsSearch: ['x'], DnsOptions: ['y'] },
  ],
  ['extra_hosts', { extraHosts: ['a=1.2.3.4', 'b=::1'] }, { ExtraHosts: ['a:1.2.3.4', 'b:::1'] }],
  [
    'limits',
    {
      shmSize: 9,
      oomScoreAdj: 5,
      resources: {
        memory: 1,
        memoryReservation: 2,
        memorySwap: 3,
        nanoCpus: 4,
        pids: 5,
        cpusetCpus: '0',
        cpuShares: 6,
      },
    },
    {
      ShmSize: 9,
      OomScoreAdj: 5,
      Memory: 1,
      MemoryReservation: 2,
      MemorySwap: 3,
      NanoCpus: 4,
      PidsLimit: 5,
      CpusetCpus: '0',
      CpuShares: 6,
    },
  ],
  [
    'blkio_config',
    { resources: { blkio: { weight: 10, device_read_bps: [{ path: '/dev/sda', rate: '1024' }] } } },
    { BlkioWeight: 10, BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1024 }] },
  ],
  [
    'devices',
    { devices: [{ source: '/dev/a', target: '/dev/b', permissions: 'r' }], deviceCgroupRules: ['c 1:3 r'] },
    {
      Devices: [{ PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'r' }],
      DeviceCgroupRules: ['c 1:3 r'],
    },
  ],
  [
    'logging',
    { logging: { driver: 'local', options: { a: 'b' } } },
    { LogConfig: { Type: 'local', Config: { a: 'b' } } },
  ],
  ['init', { init: false }, { Init: false }],
  ['restart', { restart: 'on-failure:3' }, { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } }],
]

describe('an attribute becomes', () => {
  for (const [name, given, expected] of attributes)
    test(name, () => assert.partialDeepStrictEqual(request(given), expected))
  for (const [name, given, expected] of hostAttributes)
    test(name, () => assert.partialDeepStrictEqual(request(given).HostConfig, expected))
})

test('what is not said is not asked for: the image and the engine decide', () => {
  const { Cmd, Entrypoint, User, WorkingDir, Healthcheck, StopSignal, HostConfig } = request({})
  assert.deepEqual(
    { Cmd, Entrypoint, User, WorkingDir, Healthcheck, StopSignal },
    {
      Cmd: undefined,
      Entrypoint: undefined,
      User: undefined,
      WorkingDir: undefined,
      Healthcheck: undefined,
      StopSignal: undefined,
    },
  )
  assert.deepEqual(HostConfig, {
    NetworkMode: 'demo_default',
    Mounts: [],
    PortBindings: {},
    RestartPolicy: { Name: 'no' },
    Annotations: { 'tscompose.config-fields': '{}' },
  })
})

test('labels tell docker compose’s tools whose container it is, and a file cannot change that', () => {
  const { Labels = {} } = request(
    {
      labels: { mine: '1', 'com.docker.compose.project': 'forged' },
      dependsOn: { db: on('service_healthy', { restart: true }) },
    },
    { replaces: 'demo-web-1' },
    { environmentFiles: ['/demo/a.env'] },
  )
  const {
    'com.docker.compose.config-hash': hash = '',
    'tscompose.config-hash-without-ports': portless = '',
    'com.docker.compose.version': version,
    ...rest
  } = Labels
  for (const one of [hash, portless]) assert.match(one, /^[0-9a-f]{64}$/)
  assert.ok(version)
  assert.deepEqual(rest, {
    mine: '1',
    'com.docker.compose.project': 'demo',
    'com.docker.compose.service': 'web',
    'com.docker.compose.container-number': '1',
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.image': 'sha256:1',
    'com.docker.compose.depends_on': 'db:service_healthy:true',
    'com.docker.compose.project.working_dir': '/demo',
    'com.docker.compose.project.config_files': '/demo/compose.yaml',
    'com.docker.compose.project.environment_file': '/demo/a.env',
    'com.docker.compose.replace': 'demo-web-1',
  })
})

test('the user’s proxies are in the environment, where the service does not say otherwise', () =>
  assert.deepEqual(
    request({ environment: { HTTP_PROXY: 'own', A: '1' } }, { proxies: { HTTP_PROXY: 'x', http_proxy: 'x' } }).Env,
    ['HTTP_PROXY=own', 'http_proxy=x', 'A=1'],
  ))

test('a one-off container has no number, no ports, no names but its own, and is not restarted', () => {
  const oneOff = { slug: 'abc', useAliases: false, attachStdin: true, autoRemove: true }
  const { number: _, ...rest } = { number: undefined, name: 'demo-web-run-abc', oneOff }
  const own = service('web', { restart: 'always', ports: [{ target: 80, published: '80', protocol: 'tcp' }] })
  const made = containerRequest({
    project: project([own]),
    service: own,
    imageId: 'i',
    inherits: [],
    containerOf: name => name,
    seccompProfile: path => path,
    fileContents: () => new Uint8Array(),
    proxies: {},
    ...rest,
  })
  assert.equal(made.Labels?.['com.docker.compose.oneoff'], 'True')
  assert.equal(made.Labels?.['com.docker.compose.container-number'], undefined)
  assert.partialDeepStrictEqual(made.HostConfig, { PortBindings: {}, RestartPolicy: { Name: 'no' }, AutoRemove: true })
  assert.deepEqual(made.NetworkingConfig?.EndpointsConfig?.demo_default?.Aliases, ['demo-web-run-abc'])
  assert.partialDeepStrictEqual(made, { AttachStdin: true, StdinOnce: true })
})

for (const [deploy, expected] of [
  [{ condition: 'none' }, { Name: 'no' }],
  [{ condition: 'any' }, { Name: 'always' }],
  [
    { condition: 'on-failure', max_attempts: 2 },
    { Name: 'on-failure', MaximumRetryCount: 2 },
  ],
  [{}, { Name: 'always' }],
] as const)
  test(`deploy.restart_policy ${JSON.stringify(deploy)} stands over restart`, () =>
    assert.deepEqual(restartPolicy({ restart: 'no', canonical: { deploy: { restart_policy: deploy } } }), expected))

test('what cannot be done yet is refused with its place in the file', () => {
  const where = { file: 'compose.yaml', line: 4, col: 5 }
  const it = project([service('web', { canonical: { models: { llm: null } } })], {
    origins: { get: path => (path === 'services.web.models' ? where : undefined) },
  })
  assert.throws(() => checkSupported(it, Object.values(it.services)), {
    code: 'COMPOSE_NOT_SUPPORTED',
    message: 'not supported yet: services.web.models',
    where,
  })
})

test('devices by name, gpus and reservations are device requests', () => {
  const device = (source: string) => ({ source, target: source, permissions: 'rwm' })
  const devices = [device('/dev/null'), device('v.com/x=a'), device('v.com/y=b')]
  const reservations = { devices: [{ capabilities: ['gpu', 'utility'], driver: 'nvidia', device_ids: ['0', '3'] }] }
  const canonical = { gpus: [{ count: -1 }], deploy: { resources: { reservations } } }
  const { Devices, DeviceRequests } = request({ devices, canonical }).HostConfig ?? {}
  assert.deepEqual(Devices, [{ PathOnHost: '/dev/null', PathInContainer: '/dev/null', CgroupPermissions: 'rwm' }])
  assert.deepEqual(DeviceRequests, [
    { Driver: 'nvidia', DeviceIDs: ['0', '3'], Capabilities: [['gpu', 'utility']] },
    { Count: -1, Capabilities: [['gpu']] },
    { Driver: 'cdi', DeviceIDs: ['v.com/x=a', 'v.com/y=b'] },
  ])
})
