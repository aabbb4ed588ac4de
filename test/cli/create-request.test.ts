import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import { type CreateFlags, declareCreateFlags } from '../../src/cli/create/flags.ts'
import { attachedStreams, createRequest } from '../../src/cli/create/request.ts'

const files: Record<string, string> = {
  'vars.env': '# comment\nA=1\nB="quoted"\n  HERE\n',
  'profile.json': '{\n "defaultAction": "SCMP_ACT_ALLOW"\n}',
}

/** What the engine is asked for a command line of docker run. */
function asked(...argv: string[]) {
  const command = declareCreateFlags(
    new Command('group').enablePositionalOptions().command('run').argument('<IMAGE>').argument('[COMMAND...]'),
  )
  let request: ReturnType<typeof createRequest> | undefined
  command.exitOverride().action((image: string, words: string[], flags: CreateFlags) => {
    const sources = { cwd: '/project', env: { HERE: 'shell' }, read: (file: string) => files[file] ?? '' }
    request = createRequest(image, words, flags, attachedStreams(flags), sources)
  })
  command.parse(argv, { from: 'user' })
  assert.ok(request)
  return request
}

for (const [argv, expected] of [
  ['busybox', { Image: 'busybox', AttachStdout: true, AttachStdin: false, StdinOnce: false, Tty: false }],
  ['-it busybox sh -c -x', { Tty: true, OpenStdin: true, StdinOnce: true, AttachStdin: true, Cmd: ['sh', '-c', '-x'] }],
  ['-h box -u 1:2 -w /w --entrypoint /e i', { Hostname: 'box', User: '1:2', WorkingDir: '/w', Entrypoint: ['/e'] }],
  ['--env-file vars.env -e C=3 -e D i', { Env: ['A=1', 'B="quoted"', 'HERE=shell', 'C=3', 'D'] }],
  ['-l a=b -l c i', { Labels: { a: 'b', c: '' } }],
  ['--expose 53/udp --expose 8000-8001 i', { ExposedPorts: { '53/udp': {}, '8000/tcp': {}, '8001/tcp': {} } }],
  [
    '--health-cmd true --health-interval 1m30s --health-retries 2 i',
    { Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 90e9, Retries: 2 } },
  ],
  ['--no-healthcheck i', { Healthcheck: { Test: ['NONE'] } }],
  ['-v /anonymous i', { Volumes: { '/anonymous': {} } }],
] as const)
  test(`the configuration of run ${argv}`, () => assert.partialDeepStrictEqual(asked(...argv.split(' ')), expected))

for (const [argv, expected] of [
  [
    '-p 8080:80 -p 127.0.0.1::53/udp',
    {
      PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }], '53/udp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
    },
  ],
  ['-v ./here:/a:ro -v name:/b', { Binds: ['/project/here:/a:ro', 'name:/b'] }],
  ['--mount type=bind,src=../x,dst=/y,ro', { Mounts: [{ Type: 'bind', Source: '/x', Target: '/y', ReadOnly: true }] }],
  [
    '--mount type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770',
    { Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1770 } }] },
  ],
  [
    '--mount source=v,target=/v,volume-nocopy,volume-label=a=b',
    { Mounts: [{ Type: 'volume', Source: 'v', VolumeOptions: { NoCopy: true, Labels: { a: 'b' } } }] },
  ],
  ['--tmpfs /run:size=1m --tmpfs /tmp', { Tmpfs: { '/run': 'size=1m', '/tmp': '' } }],
  [
    '-m 64m --memory-swap -1 --cpus 1.5 --pids-limit -1 -c 512',
    { Memory: 67108864, MemorySwap: -1, NanoCpus: 1.5e9, PidsLimit: -1, CpuShares: 512 },
  ],
  [
    '--ulimit nofile=10:20 --ulimit core=-1',
    {
      Ulimits: [
        { Name: 'nofile', Soft: 10, Hard: 20 },
        { Name: 'core', Soft: -1, Hard: -1 },
      ],
    },
  ],
  [
    '--device /dev/null:/dev/x:r --device /dev/zero:rw',
    {
      Devices: [
        { PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'r' },
        { PathOnHost: '/dev/zero', PathInContainer: '/dev/zero', CgroupPermissions: 'rw' },
      ],
    },
  ],
  [
    '--device-read-bps /dev/sda:1mb --device-write-iops /dev/sda:9',
    {
      BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1048576 }],
      BlkioDeviceWriteIOps: [{ Path: '/dev/sda', Rate: 9 }],
    },
  ],
  ['--restart on-failure:3', { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } }],
  ['--log-driver local --log-opt max-size=1m', { LogConfig: { Type: 'local', Config: { 'max-size': '1m' } } }],
  ['--add-host a:::1 --add-host b=[::2]', { ExtraHosts: ['a:::1', 'b:::2'] }],
  [
    '--security-opt seccomp=profile.json --security-opt no-new-privileges',
    { SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}', 'no-new-privileges'] },
  ],
  ['--security-opt systempaths=unconfined', { MaskedPaths: [], ReadonlyPaths: [] }],
  ['--link db:database', { Links: ['db:database'], NetworkMode: 'default' }],
  [
    '--rm --privileged --read-only --init --shm-size 1g --sysctl net.a=1',
    {
      AutoRemove: true,
      Privileged: true,
      ReadonlyRootfs: true,
      Init: true,
      ShmSize: 2 ** 30,
      Sysctls: { 'net.a': '1' },
    },
  ],
] as const)
  test(`the host's part of run ${argv}`, () =>
    assert.partialDeepStrictEqual(asked(...argv.split(' '), 'i').HostConfig, expected as object))

test('the first network is the mode, and the flags about networks are its', () => {
  const { HostConfig, NetworkingConfig } = asked(
    ...'--network one --net-alias a --ip 10.0.0.2 --link db --network name=two,alias=b,ip6=::5 i'.split(' '),
  )
  assert.equal(HostConfig?.NetworkMode, 'one')
  assert.equal(HostConfig?.Links, undefined)
  assert.deepEqual(NetworkingConfig?.EndpointsConfig, {
    one: { Aliases: ['a'], Links: ['db'], IPAMConfig: { IPv4Address: '10.0.0.2' } },
    two: { Aliases: ['b'], IPAMConfig: { IPv6Address: '::5' } },
  })
})

for (const argv of [
  '-a nowhere i',
  '--cpus x i',
  '--mount type=bind i',
  '--mount target=/x,frob=1 i',
  '--mount type=tmpfs,target=/x,volume-nocopy i',
  '--ulimit nofile i',
  '--no-healthcheck --health-cmd true i',
  '--restart on-failure:x i',
  '--network-alias a i',
  '--network a --network a i',
  '--kernel-memory 1g i',
  '--device-read-bps sda:1mb i',
  '--log-driver none --log-opt a=b i',
  '--expose 80:80 i',
])
  test(`run ${argv} is refused`, () => assert.throws(() => asked(...argv.split(' ')), { code: 'CLI_FLAG' }))
