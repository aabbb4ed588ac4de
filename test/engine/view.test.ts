import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Filters } from '../../src/engine/api.ts'
import { Bench, create, exitCode, output, run, skip } from './fixture.ts'

test('inspect tells what was asked for, completed', { skip }, async () => {
  await using bench = await Bench.make()
  bench.layers.configs.set('web', {
    Entrypoint: ['/bin/sh', '-c'],
    Cmd: ['sleep 1000'],
    Env: ['A=1'],
    Labels: { from: 'image' },
    ExposedPorts: { '80/tcp': {} },
    StopSignal: 'SIGQUIT',
  })
  await using engine = await bench.open({ logOpts: { 'max-size': '1m' } })
  const { Id, Warnings } = await engine.containerCreate('web-1', {
    Image: 'web',
    Env: ['B=2'],
    Labels: { own: 'yes' },
    HostConfig: {
      ContainerIDFile: '/tmp/cid',
      Memory: 64 * 2 ** 20,
      PortBindings: { '80/tcp': [{ HostPort: '8080' }] },
      Binds: ['data:/seed:ro'],
    },
  })
  assert.deepEqual(Warnings, [])
  const hosted = { NetworkMode: 'host', PublishAllPorts: true }
  assert.deepEqual((await engine.containerCreate('web-2', { Image: 'web', HostConfig: hosted })).Warnings, [
    'Published ports are discarded when using host network mode',
  ])
  const inspected = await engine.containerInspect('web-1')
  assert.equal(inspected.Id, Id)
  assert.equal(inspected.Name, '/web-1')
  assert.deepEqual([inspected.Path, inspected.Args], ['/bin/sh', ['-c', 'sleep 1000']])
  assert.deepEqual(inspected.Config.Env, ['B=2', 'A=1'])
  assert.deepEqual(inspected.Config.Labels, { from: 'image', own: 'yes' })
  assert.equal(inspected.Config.Hostname, Id.slice(0, 12))
  assert.equal(inspected.Config.StopSignal, 'SIGQUIT')
  assert.equal(inspected.HostConfig.NetworkMode, 'default')
  assert.equal(inspected.HostConfig.MemorySwap, 128 * 2 ** 20)
  assert.deepEqual(inspected.HostConfig.LogConfig, { Type: 'json-file', Config: { 'max-size': '1m' } })
  assert.deepEqual(inspected.HostConfig.RestartPolicy, { Name: 'no', MaximumRetryCount: 0 })
  assert.deepEqual(
    inspected.Mounts.map(({ Type, Name, Destination, RW }) => ({ Type, Name, Destination, RW })),
    [{ Type: 'volume', Name: 'data', Destination: '/seed', RW: false }],
  )
  assert.deepEqual(inspected.NetworkSettings.Ports, {})
  assert.deepEqual(Object.keys(inspected.NetworkSettings.Networks), ['bridge'])
  await engine.containerStart(Id)
  const { NetworkSettings } = await engine.containerInspect(Id)
  assert.deepEqual(NetworkSettings.Ports, { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }] })
})

test('inspect shows what nobody has set, too: scripts read it without a look', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sleep', '1000'], { HostConfig: { NetworkMode: 'bridge' } })
  const { Config, HostConfig, NetworkSettings } = await engine.containerInspect(id)
  assert.deepEqual([Config.Tty, Config.Domainname, Config.Volumes, 'ExposedPorts' in Config], [false, '', null, false])
  assert.deepEqual(
    [HostConfig.Memory, HostConfig.Binds, HostConfig.PidMode, HostConfig.Privileged],
    [0, null, '', false],
  )
  const { bridge } = NetworkSettings.Networks
  assert.ok(NetworkSettings.IPAddress)
  assert.equal(NetworkSettings.IPAddress, bridge?.IPAddress)
  assert.equal(NetworkSettings.Gateway, bridge?.Gateway)
  await engine.containerStop(id)
  assert.equal((await engine.containerInspect(id)).NetworkSettings.IPAddress, '')
})

test('the list: the newest first, what runs unless asked otherwise, filters', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const old = await create(engine, bench, ['echo', 'two words'], { Labels: { tier: 'db' } })
  const ended = await run(engine, bench, ['sh', '-c', 'exit 3'])
  const running = await run(engine, bench, ['sleep', '1000'], {
    HostConfig: { Binds: ['data:/data'], NetworkMode: 'bridge' },
  })
  await exitCode(engine, ended)
  const ids = async (filters: Filters, all = true) => (await engine.containerList({ all, filters })).map(({ Id }) => Id)
  assert.deepEqual(await ids({}, false), [running])
  assert.deepEqual(await ids({}), [running, ended, old])
  assert.deepEqual(
    (await engine.containerList({ limit: 2 })).map(({ Id }) => Id),
    [running, ended],
  )
  assert.deepEqual(await ids({ status: ['created', 'exited'] }, false), [ended, old])
  assert.deepEqual(await ids({ exited: ['3'] }), [ended])
  assert.deepEqual(await ids({ label: ['tier=db'] }), [old])
  assert.deepEqual(await ids({ volume: ['data'] }), [running])
  assert.deepEqual(await ids({ volume: ['/data'] }), [running])
  assert.deepEqual(await ids({ network: ['bridge'] }), [running])
  assert.deepEqual(await ids({ before: [ended] }), [old])
  assert.deepEqual(await ids({ since: [ended] }), [running])
  assert.deepEqual(await ids({ id: [ended.slice(0, 8)] }), [ended])
  assert.deepEqual(await ids({ ancestor: [bench.image] }), [running, ended, old])
  assert.deepEqual(await ids({ 'is-task': ['true'] }), [])
  assert.deepEqual(await ids({ isolation: ['default'] }), [running, ended, old])
  await assert.rejects(ids({ status: ['gone'] }), { message: "invalid filter 'status=gone'" })
  await assert.rejects(ids({ shape: ['round'] }), { message: "invalid filter 'shape'" })
  const shown = (await engine.containerList({ all: true })).find(({ Id }) => Id === old)
  assert.equal(shown?.Command, "echo 'two words'")
  assert.deepEqual([shown?.State, shown?.Status, shown?.Ports], ['created', 'Created', []])
})

test('what cannot be done is refused by name, before anything is made', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  for (const [HostConfig, message] of [
    [{ CgroupParent: '/x/../../y' }, 'invalid cgroup parent: /x/../../y'],
    [
      { CgroupParent: 'user.slice' },
      'not supported yet: cgroup parent "user.slice": slices are systemd\'s own; a path without ".slice"',
    ],
    [{ DeviceRequests: [{}] }, 'could not select device driver "" with capabilities: []'],
    [{ CapAdd: ['FLY'] }, 'invalid CapAdd: unknown capability: "CAP_FLY"'],
    [{ Isolation: 'hyperv' }, "invalid isolation (hyperv): linux only supports 'default'"],
    [{ LogConfig: { Type: 'morse' } }, 'error looking up logging plugin morse: plugin "morse" not found'],
    [{ PidMode: 'container:nope' }, 'No such container: nope'],
    [{ Runtime: 'runsc' }, 'unknown or invalid runtime name: runsc'],
    [{ UsernsMode: 'private' }, 'not supported yet: user namespace mode "private"'],
    [{ LogConfig: { Type: 'syslog' } }, 'not supported yet: log driver "syslog"'],
  ] as const) {
    await assert.rejects(create(engine, bench, ['true'], { HostConfig: structuredClone(HostConfig) as object }), {
      message,
    })
  }
  assert.deepEqual(await engine.containerList({ all: true }), [])
})

test('version and info', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  await engine.systemPing()
  const version = await engine.systemVersion()
  assert.deepEqual([version.ApiVersion, version.MinAPIVersion, version.Os], ['1.51', '1.24', 'linux'])
  await create(engine, bench, ['true'])
  await run(engine, bench, ['sleep', '1000'])
  const info = await engine.systemInfo()
  assert.deepEqual([info.Containers, info.ContainersRunning, info.ContainersStopped], [2, 1, 1])
  assert.equal(info.DockerRootDir, bench.dataDir)
  assert.match(info.ID, /^[0-9a-f]{64}$/)
})

test('a container of another pid namespace sees its processes', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const donor = await run(engine, bench, ['sleep', '4321'])
  const guest = await run(engine, bench, ['sh', '-c', 'cat /proc/*/cmdline'], {
    HostConfig: { PidMode: `container:${donor}` },
  })
  await exitCode(engine, guest)
  assert.match(await output(engine, guest), /sleep\0?4321/)
})
