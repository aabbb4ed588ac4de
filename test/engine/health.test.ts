import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench, event, exec, run, skip } from './fixture.ts'

const probe = (script: string, Interval = 50e6) => ({
  Healthcheck: { Test: ['CMD-SHELL', script], Interval, Timeout: 5e9, Retries: 2 },
})

test('a container becomes healthy with its first successful probe, and unhealthy when probes fail', {
  skip,
}, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const healthy = event(engine, ({ Action }) => Action === 'health_status: healthy')
  const id = await run(engine, bench, ['sleep', '1000'], probe('test -e /ready && echo fine'))
  assert.equal((await engine.containerInspect(id)).State.Health?.Status, 'starting')
  assert.match((await engine.containerList())[0]?.Status ?? '', /\(health: starting\)$/)
  await exec(engine, id, ['touch', '/ready'])
  await healthy
  const { Health } = (await engine.containerInspect(id)).State
  assert.equal(Health?.Status, 'healthy')
  assert.deepEqual([Health?.Log.at(-1)?.ExitCode, Health?.Log.at(-1)?.Output], [0, 'fine\n'])
  assert.equal((await engine.containerList({ filters: { health: ['healthy'] } })).length, 1)
  const unhealthy = event(engine, ({ Action }) => Action === 'health_status: unhealthy')
  await exec(engine, id, ['sh', '-c', 'rm /ready || /bin/busybox rm /ready'])
  await unhealthy
  const state = (await engine.containerInspect(id)).State.Health
  assert.ok((state?.FailingStreak ?? 0) >= 2)
})

test('a probe that takes too long is killed and counts as a failure', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const unhealthy = event(engine, ({ Action }) => Action === 'health_status: unhealthy')
  const Healthcheck = { Test: ['CMD', 'sleep', '1000'], Interval: 30e6, Timeout: 50e6, Retries: 1 }
  const id = await run(engine, bench, ['sleep', '1000'], { Healthcheck })
  await unhealthy
  const log = (await engine.containerInspect(id)).State.Health?.Log ?? []
  assert.deepEqual([log[0]?.ExitCode, log[0]?.Output], [-1, 'Health check exceeded timeout (50ms)'])
  await engine.containerPause(id)
  const commands = (await engine.containerTop(id)).Processes.map(row => row.at(-1))
  assert.ok(commands.filter(command => command === 'sleep 1000').length <= 2, String(commands))
})

test('probes end with the container, whose health is unhealthy then, as with Docker', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const healthy = event(engine, ({ Action }) => Action === 'health_status: healthy')
  const id = await run(engine, bench, ['sleep', '1000'], probe('true'))
  await healthy
  await engine.containerStop(id)
  assert.equal((await engine.containerInspect(id)).State.Health?.Status, 'unhealthy')
  await engine.containerStart(id)
  assert.equal((await engine.containerInspect(id)).State.Health?.Status, 'starting')
})

test('NONE switches off what the image probes', { skip }, async () => {
  await using bench = await Bench.make()
  bench.layers.configs.set('probed', { Healthcheck: { Test: ['CMD', 'false'] } })
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sleep', '1000'], { Image: 'probed', Healthcheck: { Test: ['NONE'] } })
  assert.equal((await engine.containerInspect(id)).State.Health, undefined)
})
