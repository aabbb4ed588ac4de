import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerCreateRequest, RestartPolicy } from '../../src/engine/api.ts'
import type { LocalEngine } from '../../src/engine/local-engine.ts'
import { Bench, create, exec, exitCode, output, run, skip } from './fixture.ts'

const withPolicy = (RestartPolicy: RestartPolicy): Partial<ContainerCreateRequest> => ({
  HostConfig: { RestartPolicy },
})

/** Resolves when a container has been started `count` times. */
async function started(engine: LocalEngine, id: string, count: number): Promise<void> {
  const enough = new AbortController()
  const filters = { container: [id], event: ['start'] }
  let seen = 0
  for await (const _ of await engine.systemEvents({ since: '0', filters }, enough.signal)) {
    if (++seen === count) enough.abort()
  }
}

test('on-failure starts a failing container as often as it says, then gives up', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(
    engine,
    bench,
    ['sh', '-c', 'echo run; exit 1'],
    withPolicy({ Name: 'on-failure', MaximumRetryCount: 2 }),
  )
  await started(engine, id, 3)
  await exitCode(engine, id)
  const { State, RestartCount } = await engine.containerInspect(id)
  assert.deepEqual([State.Status, State.ExitCode, RestartCount], ['exited', 1, 2])
  assert.equal(await output(engine, id), 'run\nrun\nrun\n')
})

test('on-failure lets a success be', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['true'], withPolicy({ Name: 'on-failure' }))
  await exitCode(engine, id)
  assert.equal((await engine.containerInspect(id)).State.Status, 'exited')
})

test('between two runs a container is restarting, and stop brings it to rest', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sh', '-c', 'exit 3'], withPolicy({ Name: 'always' }))
  await started(engine, id, 3)
  const ended = await engine.containerWait(id, 'next-exit', new AbortController().signal)
  assert.equal((await ended.exited).StatusCode, 3)
  const { State } = await engine.containerInspect(id)
  assert.deepEqual([State.Status, State.Running, State.Restarting, State.Pid], ['restarting', true, true, 0])
  await assert.rejects(engine.execCreate(id, { Cmd: ['true'] }), { code: 'ENGINE_CONTAINER_STATE' })
  assert.equal(await engine.containerStop(id), true)
  assert.equal((await engine.containerInspect(id)).State.Status, 'exited')
  assert.equal(await engine.containerStart(id), true)
  assert.equal((await engine.containerInspect(id)).RestartCount, 0)
})

test('what somebody stopped or killed is not started again, what was killed from within is', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sleep', '1000'], withPolicy({ Name: 'unless-stopped' }))
  await exec(engine, id, ['kill', '-9', '-1'])
  await started(engine, id, 2)
  await engine.containerKill(id)
  assert.equal((await engine.containerInspect(id)).State.Status, 'exited')
  await engine.containerStart(id)
  await engine.containerStop(id)
  assert.equal((await engine.containerInspect(id)).State.Status, 'exited')
})

test('a restart that is asked for keeps the network', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sleep', '1000'], { HostConfig: { NetworkMode: 'bridge' } })
  const before = await engine.containerInspect(id)
  await engine.containerRestart(id)
  const after = await engine.containerInspect(id)
  assert.notEqual(after.State.Pid, before.State.Pid)
  assert.equal(after.NetworkSettings.SandboxKey, before.NetworkSettings.SandboxKey)
  await engine.containerStop(id)
  assert.deepEqual(bench.layers.calls, [`create ${before.Name.slice(1)}`, 'remove'])
  assert.equal((await engine.containerInspect(id)).NetworkSettings.Networks.bridge?.IPAddress, '')
})

test('a restart starts what was stopped, too, and does not remove what is to be removed at its end', {
  skip,
}, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await create(engine, bench, ['sleep', '1000'], { HostConfig: { AutoRemove: true } })
  await engine.containerRestart(id)
  await engine.containerRestart(id)
  assert.equal((await engine.containerInspect(id)).State.Status, 'running')
})

test('a network outlasts its container as long as another one lives in it', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const donor = await run(engine, bench, ['sleep', '1000'], {
    Hostname: 'donor',
    HostConfig: { NetworkMode: 'bridge' },
  })
  const guest = await run(engine, bench, ['sh', '-c', 'cat /etc/hostname; exec sleep 1000'], {
    HostConfig: { NetworkMode: `container:${donor}` },
  })
  await engine.containerStop(donor)
  assert.equal(bench.layers.sandboxes.size, 1)
  await engine.containerStart(donor)
  assert.equal(bench.layers.calls.length, 1)
  await engine.containerStop(donor)
  await engine.containerStop(guest)
  assert.equal(bench.layers.sandboxes.size, 0)
  assert.equal(await output(engine, guest), 'donor\n')
  await assert.rejects(engine.containerStart(guest), {
    code: 'ENGINE_CONTAINER_STATE',
    message: /^cannot join network namespace of a non running container/,
  })
})
