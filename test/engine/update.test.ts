import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostConfig } from '../../src/engine/api.ts'
import { mergeResources } from '../../src/engine/container/update.ts'
import { effectiveHostConfig } from '../../src/engine/translate/effective.ts'
import { Bench, create, event, run, skip } from './fixture.ts'

const MiB = 2 ** 20

/** The one is too little for cgroups v1, the other is not known to v2. */
const odd = { CpuShares: 1, MemorySwappiness: 5 }
const oddWarning = /^(the cpu controller changed the CPU shares of 1 to \d+|swappiness is ignored: .*)$/

test('0 and nothing leave a limit as it is, and a limit of processes of 0 takes it away', () => {
  const before: HostConfig = { Memory: 64 * MiB, MemorySwap: 128 * MiB, PidsLimit: 5, CpusetCpus: '0' }
  assert.deepEqual(mergeResources(before, { Memory: 0, CpusetCpus: '', PidsLimit: null, Ulimits: [] }), before)
  assert.equal(mergeResources(before, { PidsLimit: 0 }).PidsLimit, -1)
  assert.equal(mergeResources({}, { Memory: 64 * MiB }).MemorySwap, 128 * MiB)
})

for (const [before, asked, message] of [
  [
    { CpuQuota: 5000 },
    { NanoCpus: 1e9 },
    'Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set',
  ],
  [
    { NanoCpus: 1e9 },
    { CpuPeriod: 5000 },
    'Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set',
  ],
  [
    { Memory: 32 * MiB, MemorySwap: 64 * MiB },
    { Memory: 96 * MiB },
    'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
  ],
  [
    {},
    { Devices: [{ PathOnHost: '/dev/a', PathInContainer: '/dev/a', CgroupPermissions: 'r' }] },
    'Devices cannot be updated',
  ],
] as const)
  test(`${JSON.stringify(asked)} after ${JSON.stringify(before)} is refused in Docker's words`, () =>
    assert.throws(() => mergeResources(before, asked as never), { message }))

test('inspect has what is in force for what was asked, and nothing for what the machine lacks', () => {
  const host: HostConfig = {
    ...{ Memory: 9000, NanoCpus: 1e9, BlkioWeight: 10, PidsLimit: 7, MemorySwappiness: 5 },
    BlkioDeviceReadBps: [
      { Path: '/dev/a', Rate: 1 },
      { Path: '/dev/b', Rate: 2 },
    ],
  }
  const disk = (minor: number, rate: number) => ({ major: 8, minor, rate })
  const asked = {
    memory: { limit: 9000, swappiness: 5 },
    pids: { limit: 7 },
    blockIO: { throttleReadBpsDevice: [disk(0, 1), disk(1, 2)] },
  }
  assert.deepEqual(
    effectiveHostConfig(host, asked, {
      memory: { limit: 8192 },
      cpu: { quota: 50_000, period: 100_000 },
      pids: { limit: 7 },
      blockIO: { throttleReadBpsDevice: [disk(1, 2)] },
    }),
    {
      ...{ Memory: 8192, NanoCpus: 5e8, BlkioWeight: 0, PidsLimit: 7, MemorySwappiness: -1 },
      BlkioDeviceReadBps: [{ Path: '/dev/b', Rate: 2 }],
    },
  )
})

test('an update', { skip }, async t => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const hostConfig = async (id: string) => (await engine.containerInspect(id)).HostConfig

  await t.test('changes what runs, is told by the kernel, and lasts', async () => {
    const id = await run(engine, bench, ['sleep', '1000'], { HostConfig: { Memory: 32 * MiB, MemorySwap: 64 * MiB } })
    const updated = event(engine, ({ Action }) => Action === 'update')
    const RestartPolicy = { Name: 'on-failure', MaximumRetryCount: 3 } as const
    const request = { Memory: 48 * MiB + 1, PidsLimit: 9, ...odd, RestartPolicy }
    const { Warnings } = await engine.containerUpdate(id, request)
    assert.match(Warnings.join(), oddWarning)
    assert.equal((await updated).Actor.ID, id)
    const { Memory, PidsLimit, RestartPolicy: policy } = await hostConfig(id)
    assert.deepEqual([Memory, PidsLimit, policy], [48 * MiB, 9, RestartPolicy])
    await engine.containerRestart(id, { timeout: 0 })
    assert.equal((await hostConfig(id)).PidsLimit, 9)
    await engine.containerDelete(id, { force: true })
  })

  await t.test('that the kernel refuses changes nothing', async () => {
    const id = await run(engine, bench, ['sleep', '1000'], { HostConfig: { PidsLimit: 7 } })
    const refused = { PidsLimit: 8, CpusetCpus: '4000' }
    await assert.rejects(engine.containerUpdate(id, refused), { code: 'RUNTIME_LIMIT_REFUSED' })
    assert.equal((await hostConfig(id)).PidsLimit, 7)
    await engine.containerDelete(id, { force: true })
  })

  await t.test('of what does not run counts from the next start on', async () => {
    const id = await create(engine, bench, ['sleep', '1000'])
    await engine.containerUpdate(id, { PidsLimit: 11 })
    await engine.containerStart(id)
    assert.equal((await hostConfig(id)).PidsLimit, 11)
    await engine.containerDelete(id, { force: true })
  })

  await t.test('a limit that cannot be is told or refused already when the container is made', async () => {
    const make = (HostConfig: HostConfig) =>
      engine.containerCreate(undefined, { Image: bench.image, Cmd: ['true'], HostConfig })
    assert.match((await make(odd)).Warnings.join(), oddWarning)
    await assert.rejects(make({ CpusetCpus: '4000' }), { code: 'RUNTIME_LIMIT_REFUSED' })
    await assert.rejects(make({ KernelMemory: 64 * MiB }), { code: 'ENGINE_REQUEST_INVALID', message: /KernelMemory/ })
  })
})
