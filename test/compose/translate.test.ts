import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Project, Service } from '../../src/compose/project.ts'
import { type ContainerContext, containerRequest } from '../../src/compose/translate/container.ts'
import { restartPolicy } from '../../src/compose/translate/host.ts'
import { networkRequest, volumeRequest } from '../../src/compose/translate/resources.ts'
import { checkSupported } from '../../src/compose/translate/supported.ts'
import type { ContainerCreateRequest, HostConfig } from '../../src/engine/api.ts'
import { network, on, probe, project, service } from './projects.ts'

function request(given: Partial<Service>, more: Partial<ContainerContext> = {}, it: Partial<Project> = {}) {
  const own = service('web', given)
  return containerRequest({
    project: project([own, service('db')], it),
    service: own,
    name: 'demo-web-1',
    number: 1,
    imageId: 'sha256:1',
    inherits: [],
    containerOf: name => `id-of-${name}`,
    seccompProfile: path => `text of ${path}`,
    fileContents: path => Buffer.from(`text of ${path}`),
    proxies: {},
    ...more,
  })
}

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

describe('mounts', () => {
  const mounts = (volumes: Service['volumes'], more: Partial<ContainerContext> = {}) =>
    request({ volumes }, more, {
      volumes: { data: { key: 'data', name: 'demo_data', external: false, driverOpts: {}, labels: {} } },
    }).HostConfig?.Mounts

  test('a volume has the engine’s name, and its options', () =>
    assert.deepEqual(
      mounts([
        { type: 'volume', source: 'data', target: '/d', readOnly: true, volume: { nocopy: true, subpath: 'x' } },
      ]),
      [
        {
          Type: 'volume',
          Source: 'demo_data',
          Target: '/d',
          ReadOnly: true,
          VolumeOptions: { NoCopy: true, Subpath: 'x' },
        },
      ],
    ))
  test('only a bind mount that asks for it has its source made', () =>
    assert.deepEqual(
      mounts([
        { type: 'bind', source: '/a', target: '/a', readOnly: false, bind: { createHostPath: true } },
        {
          type: 'bind',
          source: '/b',
          target: '/b',
          readOnly: false,
          bind: { createHostPath: false, propagation: 'rslave' },
        },
        { type: 'bind', source: '/c', target: '/c', readOnly: false },
      ]),
      [
        { Type: 'bind', Source: '/a', Target: '/a', BindOptions: { CreateMountpoint: true } },
        { Type: 'bind', Source: '/b', Target: '/b', BindOptions: { Propagation: 'rslave' } },
        { Type: 'bind', Source: '/c', Target: '/c' },
      ],
    ))
  test('tmpfs has size and mode', () =>
    assert.deepEqual(mounts([{ type: 'tmpfs', target: '/t', readOnly: false, tmpfs: { size: 9, mode: 0o700 } }]), [
      { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 9, Mode: 0o700 } },
    ]))
  test('a replacement takes over anonymous volumes, of the file and of the image', () =>
    assert.deepEqual(
      mounts([{ type: 'volume', target: '/anon', readOnly: false }], {
        inherits: [
          { volume: 'v1', target: '/anon' },
          { volume: 'v2', target: '/of/image' },
        ],
      }),
      [
        { Type: 'volume', Target: '/anon', Source: 'v1' },
        { Type: 'volume', Target: '/of/image', Source: 'v2' },
      ],
    ))
})

describe('secrets and configs', () => {
  const file = (given: object) => ({ key: 'x', name: 'demo_x', external: false, labels: {}, ...given })
  const grant = { source: 'x', target: '/run/secrets/x' }

  test('a file of the host with an owner or a mode of its own is handed over with its contents', () => {
    const own = { ...grant, mode: 0o400, uid: '7' }
    const { HostConfig } = request({ secrets: [own] }, {}, { secrets: { x: file({ file: '/s/x' }) } })
    const Content = Buffer.from('text of /s/x').toString('base64')
    assert.deepEqual(HostConfig?.Mounts, [])
    assert.deepEqual(HostConfig?.Files, [{ Target: '/run/secrets/x', Content, UID: 7, GID: 0, Mode: 0o400 }])
  })
  test('an owner that is no number, and what only a platform could keep, are refused', () => {
    const secrets = { x: file({ content: 'text' }) }
    assert.throws(() => request({ secrets: [{ ...grant, uid: 'root' }] }, {}, { secrets }), {
      message: 'uid "root" of secret x is not a number',
    })
    assert.throws(() => request({ secrets: [grant] }, {}, { secrets: { x: file({ driver: 'vault' }) } }), {
      message: 'unsupported driver "vault" of secret x',
    })
  })
  test('a file is mounted read-only', () => {
    const { HostConfig } = request({ secrets: [grant] }, {}, { secrets: { x: file({ file: '/s/x' }) } })
    assert.deepEqual(HostConfig?.Mounts, [{ Type: 'bind', Source: '/s/x', Target: '/run/secrets/x', ReadOnly: true }])
    assert.equal(HostConfig?.Files, undefined)
  })
  test('text and variables become files of the container, with owner and mode, and are nowhere else', () => {
    const all = request(
      { secrets: [{ ...grant, uid: '5', gid: '6', mode: 0o400 }], configs: [{ source: 'y', target: '/y' }] },
      {},
      {
        environment: { PASSWORD: 'p@ss' },
        secrets: { x: file({ environment: 'PASSWORD' }) },
        configs: { y: file({ content: 'text' }) },
      },
    )
    assert.deepEqual(all.HostConfig?.Files, [
      { Target: '/run/secrets/x', Content: Buffer.from('p@ss').toString('base64'), UID: 5, GID: 6, Mode: 0o400 },
      { Target: '/y', Content: Buffer.from('text').toString('base64'), UID: 0, GID: 0, Mode: 0o444 },
    ])
    assert.ok(!JSON.stringify(all).includes('p@ss'))
  })
  test('a variable that is not set is an error that names it', () =>
    assert.throws(() => request({ secrets: [grant] }, {}, { secrets: { x: file({ environment: 'NOT' }) } }), {
      code: 'COMPOSE_SECRET_UNAVAILABLE',
      message: 'environment variable "NOT" required by secret "x" is not set',
    }))
  test('an external one is refused', () =>
    assert.throws(() => request({ configs: [grant] }, {}, { configs: { x: file({ external: true }) } }), {
      message: 'unsupported external config demo_x',
    }))
})

describe('networks', () => {
  const networks = (keys: readonly string[]): Project['networks'] =>
    Object.fromEntries(
      keys.map(key => [
        key,
        { key, name: `demo_${key}`, external: false, driverOpts: {}, internal: false, attachable: false, labels: {} },
      ]),
    )

  test('a container is known by its own name, its service’s, and its aliases, once each', () => {
    const { NetworkingConfig } = request({ networks: { default: network({ aliases: ['web', 'www'] }) } })
    assert.deepEqual(NetworkingConfig?.EndpointsConfig, { demo_default: { Aliases: ['demo-web-1', 'web', 'www'] } })
  })
  test('the network with the highest priority comes first, and has the service’s address', () => {
    const { HostConfig, NetworkingConfig } = request(
      {
        macAddress: '02:00:00:00:00:01',
        networks: {
          a: network(),
          b: network({ priority: 5, gwPriority: 1, ipv4Address: '10.0.0.2', interfaceName: 'wan0' }),
        },
      },
      {},
      { networks: networks(['a', 'b']) },
    )
    assert.equal(HostConfig?.NetworkMode, 'demo_b')
    assert.deepEqual(Object.entries(NetworkingConfig?.EndpointsConfig ?? {}), [
      [
        'demo_b',
        {
          Aliases: ['demo-web-1', 'web'],
          IPAMConfig: { IPv4Address: '10.0.0.2' },
          MacAddress: '02:00:00:00:00:01',
          DriverOpts: { 'com.docker.network.endpoint.ifname': 'wan0' },
          GwPriority: 1,
        },
      ],
      ['demo_a', { Aliases: ['demo-web-1', 'web'] }],
    ])
  })
  test('a link with a name of its own is told; one without says what DNS says anyway', () => {
    const { NetworkingConfig } = request({ links: ['db', 'db:database'] })
    assert.deepEqual(NetworkingConfig?.EndpointsConfig?.demo_default?.Links, ['demo-db-1:database'])
  })
  test('a network becomes a request', () => {
    const it = project([], {})
    const request = networkRequest(it, {
      ...(it.networks.default as Project['networks'][string]),
      internal: true,
      enableIPv6: true,
      driverOpts: { a: 'b' },
      ipam: { config: [{ subnet: '10.0.0.0/24', gateway: '10.0.0.1' }], options: {} },
    })
    assert.partialDeepStrictEqual(request, {
      Name: 'demo_default',
      Driver: 'bridge',
      Internal: true,
      EnableIPv6: true,
      Options: { a: 'b' },
      IPAM: { Driver: 'default', Config: [{ Subnet: '10.0.0.0/24', Gateway: '10.0.0.1' }] },
    })
    assert.equal(request.Labels?.['com.docker.compose.network'], 'default')
  })
  test('a volume becomes a request', () => {
    const volume = {
      key: 'data',
      name: 'demo_data',
      external: false,
      driverOpts: { type: 'tmpfs' },
      labels: { a: 'b' },
    }
    const request = volumeRequest(project([]), volume)
    assert.partialDeepStrictEqual(request, { Name: 'demo_data', Driver: 'local', DriverOpts: { type: 'tmpfs' } })
    assert.partialDeepStrictEqual(request.Labels, { a: 'b', 'com.docker.compose.volume': 'data' })
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
  const it = project([service('web', { canonical: { gpus: [{ count: -1 }] } })], {
    origins: { get: path => (path === 'services.web.gpus' ? where : undefined) },
  })
  assert.throws(() => checkSupported(it, Object.values(it.services)), {
    code: 'COMPOSE_NOT_SUPPORTED',
    message: 'not supported yet: services.web.gpus',
    where,
  })
})
