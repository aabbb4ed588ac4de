import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { placeOf } from '../../src/engine/volume/mount-options.ts'
import { Bench, create, exitCode, output, run, skip } from './fixture.ts'

test('the options of a volume name a directory of its own, one of the host, or a file system', () => {
  assert.deepEqual(placeOf({}), { kind: 'own' })
  assert.deepEqual(placeOf({ type: 'none', device: '/srv', o: 'bind' }), { kind: 'directory', path: '/srv' })
  assert.deepEqual(placeOf({ type: 'none', device: '/srv', o: 'bind,ro' }), {
    kind: 'mount',
    type: 'none',
    device: '/srv',
    options: 'bind,ro',
  })
  assert.deepEqual(placeOf({ type: 'nfs', device: ':/export', o: 'addr=10.0.0.1,rw' }), {
    kind: 'mount',
    type: 'nfs',
    device: ':/export',
    options: 'addr=10.0.0.1,rw',
  })
  for (const [options, message] of [
    [{ type: 'tmpfs' }, 'missing required option: "device"'],
    [{ device: '/dev/sdx' }, 'missing required option: "type"'],
    [{ size: '1g' }, 'invalid option: "size"'],
    [{ device: 'relative', o: 'bind' }, 'invalid option: device "relative" must be an absolute path'],
  ] as const)
    assert.throws(() => placeOf(options), { code: 'ENGINE_REQUEST_INVALID', message })
})

const tmpfs = { type: 'tmpfs', device: 'tmpfs', o: 'size=64k,uid=7' }
const sleeper = (volume: string) => ({ HostConfig: { Binds: [`${volume}:/data`] } })
const isMounted = (path: string) => readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${path} `)

test('the file system of a volume is there as long as a container runs that uses it', { skip }, async () => {
  await using bench = await Bench.make()
  let path: string
  let first: string
  {
    await using engine = await bench.open()
    path = (await engine.volumeCreate({ Name: 'memory', DriverOpts: tmpfs })).Mountpoint
    assert.ok(!isMounted(path))
    first = await run(
      engine,
      bench,
      ['sh', '-c', 'stat -c %u /data; echo kept > /data/file; sleep 1000'],
      sleeper('memory'),
    )
    const second = await run(engine, bench, ['sh', '-c', 'until cat /data/file; do :; done'], sleeper('memory'))
    assert.equal(await exitCode(engine, second), 0)
    assert.match((await output(engine, second)).toString(), /kept\n$/)
    // 128 KiB do not go in.
    const fill = 'i=0; while [ $i -lt 8192 ] && echo 0123456789abcde; do i=$((i+1)); done > /data/big; [ $i -lt 8192 ]'
    const third = await run(engine, bench, ['sh', '-c', fill], sleeper('memory'))
    assert.equal(await exitCode(engine, third), 0)
    assert.ok(isMounted(path))
    await assert.rejects(engine.volumeDelete('memory'), { code: 'ENGINE_VOLUME_IN_USE' })
  }
  await using engine = await bench.open()
  assert.ok(isMounted(path), 'a container that runs on keeps it over the end of the engine')
  await engine.containerStop(first)
  assert.ok(!isMounted(path))
  await engine.containerPrune()
  assert.deepEqual((await engine.volumePrune({ filters: { all: ['true'] } })).VolumesDeleted, [])
  await engine.volumeDelete('memory')
})

test('what cannot be mounted is told at the start, and nothing stays', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const options = { type: 'nosuchfs', device: '/dev/null' }
  const { Mountpoint } = await engine.volumeCreate({ Name: 'odd', DriverOpts: options })
  const request = {
    HostConfig: { Mounts: [{ Type: 'volume', Source: 'odd', Target: '/data', VolumeOptions: { NoCopy: true } }] },
  }
  const id = await create(engine, bench, ['true'], request as object)
  await assert.rejects(engine.containerStart(id), {
    code: 'ENGINE_VOLUME_MOUNT_FAILED',
    message: /^error while mounting volume .*: failed to mount local volume: mount \/dev\/null:.*: [^:]+$/,
  })
  assert.ok(!isMounted(Mountpoint))
})
