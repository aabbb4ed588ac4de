import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerCreateRequest } from '../../src/engine/api.ts'
import type { LocalEngine } from '../../src/engine/local-engine.ts'
import { Bench, create, event, exec, exitCode, output, run, skip } from './fixture.ts'

/** What a shell script in a container writes. */
async function script(engine: LocalEngine, bench: Bench, text: string, more: Partial<ContainerCreateRequest> = {}) {
  const id = await run(engine, bench, ['sh', '-c', `exec 2>&1; ${text}`], more)
  await exitCode(engine, id)
  return await output(engine, id)
}

test('capabilities, privileges and limits arrive in the container', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const status = async (HostConfig: ContainerCreateRequest['HostConfig'], field: string, more = {}) =>
    new RegExp(`^${field}:\\s*(\\S+)$`, 'm').exec(
      await script(engine, bench, 'cat /proc/self/status', { ...more, ...(HostConfig && { HostConfig }) }),
    )?.[1]
  assert.equal(await status({}, 'CapEff'), '00000000a80425fb')
  assert.equal(await status({ CapDrop: ['ALL'], CapAdd: ['CHOWN'] }, 'CapEff'), '0000000000000001')
  assert.equal(await status({}, 'CapEff', { User: 'ann' }), '0000000000000000')
  assert.equal(await status({ SecurityOpt: ['no-new-privileges'] }, 'NoNewPrivs'), '1')
  assert.equal(await status({}, 'Seccomp'), '2')
  assert.equal(await status({ SecurityOpt: ['seccomp=unconfined'] }, 'Seccomp'), '0')
  assert.equal(
    await script(engine, bench, 'ulimit -n', { HostConfig: { Ulimits: [{ Name: 'nofile', Soft: 77, Hard: 99 }] } }),
    '77\n',
  )
})

test('without init the program is PID 1, with it the second process', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  assert.equal(await script(engine, bench, 'echo $$', { HostConfig: { Init: false } }), '1\n')
  assert.notEqual(await script(engine, bench, 'echo $$'), '1\n')
})

test('a program that takes more memory than it may is killed, and that is told', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const oom = event(engine, ({ Action }) => Action === 'oom')
  const id = await run(engine, bench, ['sh', '-c', 'busybox tail -c 200m /dev/zero'], {
    HostConfig: { Memory: 16 * 2 ** 20, MemorySwap: 16 * 2 ** 20 },
  })
  assert.equal(await exitCode(engine, id), 137)
  assert.equal((await engine.containerInspect(id)).State.OOMKilled, true)
  assert.equal((await oom).Actor.ID, id)
})

test('shared memory is shared with who joins it, and with nobody otherwise', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const donor = await run(engine, bench, ['sh', '-c', 'echo shared > /dev/shm/x; exec sleep 1000'], {
    HostConfig: { IpcMode: 'shareable' },
  })
  while ((await exec(engine, donor, ['cat', '/dev/shm/x'])).exitCode !== 0);
  assert.equal(
    await script(engine, bench, 'cat /dev/shm/x', { HostConfig: { IpcMode: `container:${donor}` } }),
    'shared\n',
  )
  const closed = await run(engine, bench, ['sleep', '1000'])
  const guest = await create(engine, bench, ['true'], { HostConfig: { IpcMode: `container:${closed}` } })
  await assert.rejects(engine.containerStart(guest), { message: /non-shareable IPC/ })
})

test('the host and its processes are seen only by who asks for it', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const count = 'cat /proc/[0-9]*/comm 2>/dev/null | busybox wc -l'
  const [own, all] = [
    await script(engine, bench, count),
    await script(engine, bench, count, { HostConfig: { PidMode: 'host' } }),
  ]
  assert.ok(Number(own) < 8 && Number(all) > 8, `${own} ${all}`)
  assert.equal(await script(engine, bench, 'hostname', { Hostname: 'box' }), 'box\n')
})

test('devices are there when they are asked for', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const device = { PathOnHost: '/dev/zero', PathInContainer: '/dev/nothing', CgroupPermissions: 'r' }
  const look = 'busybox head -c 3 /dev/nothing | busybox od -An -c'
  assert.equal(await script(engine, bench, look, { HostConfig: { Devices: [device] } }), '  \\0  \\0  \\0\n')
  const missing = { ...device, PathOnHost: '/dev/nowhere' }
  const id = await create(engine, bench, ['true'], { HostConfig: { Devices: [missing] } })
  await assert.rejects(engine.containerStart(id), {
    message: 'error gathering device information while adding custom device "/dev/nowhere": no such file or directory',
  })
})
