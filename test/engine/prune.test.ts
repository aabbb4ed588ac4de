import assert from 'node:assert/strict'
import { existsSync, linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { diskUsage } from '../../src/engine/store/disk-usage.ts'
import { Bench, create, exitCode, run, skip } from './fixture.ts'

test('prune and disk usage', { skip }, async t => {
  await using bench = await Bench.make()
  await using engine = await bench.open()

  await t.test('a file with two names counts once', async () => {
    const directory = join(bench.root, 'usage')
    mkdirSync(join(directory, 'sub'), { recursive: true })
    writeFileSync(join(directory, 'a'), 'x'.repeat(1000))
    linkSync(join(directory, 'a'), join(directory, 'sub/b'))
    writeFileSync(join(directory, 'sub/c'), 'y')
    assert.equal(await diskUsage(directory), 1001)
    assert.equal(await diskUsage(join(directory, 'none')), 0)
  })

  await t.test('containers that have ended go, by their filters, and their bytes are told', async () => {
    const Labels = { keep: 'no' }
    const running = await run(engine, bench, ['sleep', '1000'], { Labels })
    const ended = await run(engine, bench, ['sh', '-c', 'echo 12345 > /written'], { Labels })
    const other = await create(engine, bench, ['true'])
    await exitCode(engine, ended)
    const prune = (filters = {}) => engine.containerPrune({ filters })
    assert.deepEqual((await prune({ label: ['keep=yes'] })).ContainersDeleted, [])
    assert.deepEqual((await prune({ until: ['2001-01-01T00:00:00Z'] })).ContainersDeleted, [])
    assert.deepEqual(await prune({ label: ['keep'] }), { ContainersDeleted: [ended], SpaceReclaimed: 6 })
    await assert.rejects(prune({ name: ['x'] }), { code: 'ENGINE_REQUEST_INVALID' })
    assert.deepEqual((await prune()).ContainersDeleted, [other])
    assert.deepEqual(
      (await engine.containerList({ all: true })).map(({ Id }) => Id),
      [running],
    )
    await engine.containerDelete(running, { force: true })
  })

  await t.test('volumes without a name go, those with one only if all are meant, and none that is used', async () => {
    const { Name: anonymous, Mountpoint } = await engine.volumeCreate({})
    writeFileSync(join(Mountpoint, 'file'), '123')
    await engine.volumeCreate({ Name: 'data', Labels: { a: 'b' } })
    await create(engine, bench, ['true'], { Volumes: { '/anon': {} }, HostConfig: { Binds: ['used:/used'] } })
    const used = (await engine.volumeList()).Volumes.filter(({ Name }) => ![anonymous, 'data'].includes(Name))
    assert.equal(used.length, 2)

    const df = await engine.systemDataUsage({ types: ['volume', 'container'] })
    const usage = Object.fromEntries((df.Volumes ?? []).map(({ Name, UsageData }) => [Name, UsageData]))
    assert.deepEqual(usage[anonymous], { Size: 3, RefCount: 0 })
    assert.deepEqual(usage.used, { Size: 0, RefCount: 1 })
    assert.equal(df.Containers?.[0]?.SizeRw, 0)
    assert.deepEqual([df.Images, df.BuildCache], [null, null])

    assert.deepEqual(await engine.volumePrune(), { VolumesDeleted: [anonymous], SpaceReclaimed: 3 })
    assert.ok(!existsSync(Mountpoint))
    assert.deepEqual((await engine.volumePrune({ filters: { all: ['1'], 'label!': ['a=b'] } })).VolumesDeleted, [])
    assert.deepEqual((await engine.volumePrune({ filters: { all: ['true'] } })).VolumesDeleted, ['data'])
    assert.equal((await engine.volumeList()).Volumes.length, 2)
  })

  await t.test('a container that is being made keeps its volumes from being pruned', async () => {
    const making = create(engine, bench, ['true'], { Volumes: { '/anon': {}, '/seed': {} } })
    const pruning = (async () => {
      for (let round = 0; round < 20; round++) await engine.volumePrune({ filters: { all: ['true'] } })
    })()
    const id = await making
    await pruning
    const { Mounts } = await engine.containerInspect(id)
    assert.equal(Mounts.length, 2)
    for (const { Name = '' } of Mounts) await engine.volumeInspect(Name)
  })
})
