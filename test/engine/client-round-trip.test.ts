import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Engine, ExecInspect } from '../../src/engine/api.ts'
import { connectEngine } from '../../src/engine/client/remote-engine.ts'
import { errorCodes, TscomposeError } from '../../src/errors.ts'
import { serve } from './served.ts'

/** Operations that take values and give a value: what is passed, and what comes back. The types are the engine's affair. */
const operations: readonly (readonly [method: keyof Engine, args: readonly unknown[], result: unknown])[] = [
  ['systemPing', [], undefined],
  ['systemInfo', [], { ID: 'x', Warnings: [] }],
  ['systemDataUsage', [{}], { LayersSize: 1, Images: [] }],
  ['systemMetrics', [], 'machine_cpu_cores 2\n'],
  ['systemDataUsage', [{ types: ['image', 'volume'] }], { LayersSize: 1, Images: [] }],
  ['containerPrune', [{ filters: { until: ['1h'] } }], { ContainersDeleted: ['1'], SpaceReclaimed: 2 }],
  ['volumePrune', [{ filters: { all: ['true'] } }], { VolumesDeleted: ['v'], SpaceReclaimed: 2 }],
  ['containerList', [{ all: true, limit: 3, size: false, filters: { label: ['a=b c&d', 'e'] } }], [{ Id: '1' }]],
  ['containerList', [{}], []],
  [
    'containerCreate',
    ['name', { Image: 'a', Labels: { ü: '✓' }, HostConfig: {}, NetworkingConfig: {} }, 'linux/amd64'],
    { Id: '1', Warnings: ['w'] },
  ],
  [
    'containerCreate',
    [undefined, { Image: 'a', HostConfig: { ShmSize: 1, Init: true }, NetworkingConfig: {} }, undefined],
    { Id: '2' },
  ],
  ['containerInspect', ['a/b?c', { size: true }], { Id: '1', NetworkSettings: { Networks: {} } }],
  ['containerStart', ['1'], true],
  ['containerStart', ['1'], false],
  ['containerStop', ['1', { signal: 'SIGINT', timeout: -1 }], true],
  ['containerStop', ['1', {}], false],
  ['containerRestart', ['1', { timeout: 0 }], undefined],
  ['containerKill', ['1', 'SIGUSR1'], undefined],
  ['containerKill', ['1', undefined], undefined],
  ['containerPause', ['1'], undefined],
  ['containerUnpause', ['1'], undefined],
  ['containerRename', ['1', 'new'], undefined],
  ['containerUpdate', ['1', { NanoCpus: 1, RestartPolicy: { Name: 'no' } }], { Warnings: ['w'] }],
  ['containerDelete', ['1', { volumes: true, force: false }], undefined],
  ['containerResize', ['1', 24, 80], undefined],
  ['containerTop', ['1', '-o pid'], { Titles: ['PID'], Processes: [['1']] }],
  ['containerChanges', ['1'], [{ Path: '/a b', Kind: 2 }]],
  ['containerChanges', ['1'], []],
  ['execCreate', ['1', { Cmd: ['a', 'b'], Tty: true, ConsoleSize: [24, 80] }], { Id: 'e' }],
  ['execResize', ['e', 24, 80], undefined],
  ['execInspect', ['e'], { ID: 'e', ExitCode: null }],
  ['imageList', [{ all: true, filters: { reference: ['a'] } }], []],
  ['imageInspect', ['localhost:5000/a/b:1', { platform: 'linux/arm64' }], { Id: 'i', Config: { Cmd: ['a'] } }],
  ['imageTag', ['a', 'localhost:5000/b', '2'], undefined],
  [
    'imageCommit',
    [
      '1',
      {
        repo: 'a/b:2',
        comment: 'c d',
        author: 'A <a@b>',
        pause: false,
        changes: ['CMD x', 'ENV a=b'],
        config: { Cmd: ['y'] },
      },
    ],
    { Id: 'sha256:1' },
  ],
  ['imageCommit', ['1', {}], { Id: 'sha256:1' }],
  ['imageDelete', ['a/b:1', { force: true }], [{ Untagged: 'a/b:1' }]],
  ['networkList', [{ filters: { driver: ['bridge'] } }], []],
  ['networkInspect', ['n'], { Id: 'n' }],
  ['networkCreate', [{ Name: 'n', IPAM: { Config: [{ Subnet: '10.0.0.0/24' }] } }], { Id: 'n', Warning: '' }],
  ['networkDelete', ['n'], undefined],
  ['networkPrune', [{ filters: { until: ['24h'] } }], { NetworksDeleted: ['n'] }],
  ['networkConnect', ['n', '1', { Aliases: ['a'] }], undefined],
  ['networkConnect', ['n', '1', undefined], undefined],
  ['networkDisconnect', ['n', '1', true], undefined],
  ['volumeList', [{ filters: { dangling: ['true'] } }], { Volumes: [], Warnings: [] }],
  ['volumeInspect', ['v'], { Name: 'v' }],
  ['volumeCreate', [{ Name: 'v', Labels: { a: 'b' } }], { Name: 'v' }],
  ['volumeDelete', ['v', { force: true }], undefined],
]

for (const [method, args, result] of operations)
  test(`${method}(${JSON.stringify(args).slice(1, -1)}) comes through`, async () => {
    await using served = await serve({ [method]: () => result })
    const call = served.remote[method as keyof typeof served.remote] as (...args: unknown[]) => Promise<unknown>
    assert.deepEqual(await call.apply(served.remote, [...args]), result)
    assert.deepEqual(served.calls, [[method, ...args]])
  })

test('the version is that of the engine, the API version that of the server', async () => {
  await using served = await serve({ systemVersion: async () => ({ Version: '9', ApiVersion: '?' }) as never })
  assert.deepEqual(await served.remote.systemVersion(), { Version: '9', ApiVersion: '1.51' })
})

test('every error comes back with its code, message, fix and place', async () => {
  const where = { file: 'compose.yaml', line: 1, col: 2, source: 'x' }
  for (const code of Object.keys(errorCodes) as (keyof typeof errorCodes)[]) {
    const thrown = new TscomposeError(code, `about ${code}`, { fix: 'do this', where })
    await using served = await serve({ containerInspect: () => Promise.reject(thrown) })
    await assert.rejects(served.remote.containerInspect('x'), (error: unknown) => {
      assert.ok(error instanceof TscomposeError)
      assert.deepEqual({ ...error, message: error.message }, { ...thrown, message: thrown.message })
      return true
    })
  }
})

test('a fault of the engine is an error too, and told to who keeps the log', async () => {
  await using served = await serve({ containerStart: () => Promise.reject(new TypeError('x is not a function')) })
  await assert.rejects(served.remote.containerStart('1'), { code: 'ENGINE_FAILED', message: 'x is not a function' })
  assert.match(String(served.faults[0]), /x is not a function/)
})

test('where nobody listens the engine is unreachable', async () => {
  await using served = await serve()
  await assert.rejects(connectEngine({ socketPath: `${served.socketPath}.not` }), { code: 'ENGINE_UNREACHABLE' })
  await assert.rejects(connectEngine({ socketPath: `/tmp/${'x'.repeat(200)}` }), {
    code: 'ENGINE_UNREACHABLE',
    message: /at most 107 bytes/,
  })
})

const exec = (tty: boolean) => async () => ({ ProcessConfig: { tty }, DetachKeys: '' }) as ExecInspect

test('a failed exec keeps its code for who understands it', async () => {
  await using served = await serve({
    execInspect: exec(true),
    execStart: () => Promise.reject(new TscomposeError('RUNTIME_COMMAND_NOT_FOUND', 'no such program')),
  })
  await assert.rejects(served.remote.execStart('e', {}), {
    code: 'RUNTIME_COMMAND_NOT_FOUND',
    message: 'no such program',
  })
})

test('a detached exec has no streams', async () => {
  await using served = await serve({ execInspect: exec(true), execStart: async () => undefined })
  assert.equal(await served.remote.execStart('e', { Detach: true }), undefined)
  assert.deepEqual(served.calls.at(-1), ['execStart', 'e', { Detach: true }])
})

test('the process of the engine tells of itself, and can be asked to end', async () => {
  await using served = await serve({ containerList: async () => [{}, {}] as never })
  const { pid, dataRoot, containersRunning } = await served.remote.engineStatus()
  assert.deepEqual([pid, dataRoot, containersRunning], [42, '/data', 2])
  const gone = served.remote.engineStop()
  await served.remote.engineStatus()
  assert.equal(served.stops.length, 1)
  await served[Symbol.asyncDispose]()
  await gone
})

test('a container that does not exist cannot be attached to', async () => {
  await using served = await serve({
    containerInspect: () => Promise.reject(new TscomposeError('ENGINE_CONTAINER_NOT_FOUND', 'No such container: x')),
  })
  await assert.rejects(served.remote.containerAttach('x', { stream: true }), {
    code: 'ENGINE_CONTAINER_NOT_FOUND',
    message: 'No such container: x',
  })
})
