import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerStatsResponse } from '../../src/engine/api.ts'
import type { LocalEngine } from '../../src/engine/local-engine.ts'
import { Mailbox } from '../../src/engine/stats/mailbox.ts'
import { parseProcessorTime } from '../../src/engine/stats/processors.ts'
import { Bench, create, run, skip } from './fixture.ts'

test("the machine's time is that of seven columns, in nanoseconds", () => {
  const text = 'cpu  1 2 3 4 5 6 7 100 200 0\ncpu0 1 1 1 1 1 1 1 0 0 0\ncpu3 1 1 1 1 1 1 1 0 0 0\nintr 5\n'
  assert.deepEqual(parseProcessorTime(text), { total: 28e7, online: 2 })
})

test('a slow reader gets the newest only, and what was posted before the end', async () => {
  const mailbox = new Mailbox<number>()
  const read: number[] = []
  mailbox.post(1)
  for await (const value of mailbox) {
    read.push(value)
    if (value === 1) for (const next of [2, 3]) mailbox.post(next)
    else mailbox.close()
  }
  assert.deepEqual(read, [1, 3])
})

/** The first readings of a stream, as many as are asked for. */
async function readings(
  engine: LocalEngine,
  id: string,
  count: number,
  options = {},
): Promise<ContainerStatsResponse[]> {
  const enough = new AbortController()
  const all: ContainerStatsResponse[] = []
  for await (const one of await engine.containerStats(id, options, enough.signal))
    if (all.push(one) === count) enough.abort()
  return all
}

test('what a container uses is told once, or again and again until nobody asks', { skip }, async t => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const HostConfig = { Memory: 32 << 20, PidsLimit: 20 }
  const id = await run(engine, bench, ['sh', '-c', 'while :; do :; done'], { HostConfig })

  await t.test('a stream has a reading a second, each with the one before it', async () => {
    const [first, second] = await readings(engine, id, 2)
    assert.ok(first && second)
    assert.equal(first.id, id)
    assert.equal(first.memory_stats.limit, 32 << 20)
    assert.equal(first.pids_stats.limit, 20)
    assert.equal(second.preread, first.read)
    assert.deepEqual(second.precpu_stats, first.cpu_stats)
    assert.ok(second.cpu_stats.cpu_usage.total_usage > first.cpu_stats.cpu_usage.total_usage)
    assert.ok((second.cpu_stats.system_cpu_usage ?? 0) > (first.cpu_stats.system_cpu_usage ?? 0))
  })

  await t.test('a single reading can be compared, unless it is to come at once', async () => {
    const [single, ...more] = await readings(engine, id, 9, { stream: false })
    assert.equal(more.length, 0)
    assert.ok((single?.precpu_stats.cpu_usage.total_usage ?? 0) > 0)
    const [oneShot] = await readings(engine, id, 9, { stream: false, oneShot: true })
    assert.equal(oneShot?.precpu_stats.cpu_usage.total_usage, 0)
  })

  await t.test('what does not run has readings without anything in them', async () => {
    const idle = await create(engine, bench, ['true'])
    const [single] = await readings(engine, idle, 9, { stream: false })
    assert.deepEqual([single?.id, single?.memory_stats], [idle, {}])
  })

  await t.test('a stream goes on over a restart, and ends with the removal', async () => {
    const seen: number[] = []
    for await (const { pids_stats } of await engine.containerStats(id, {}, new AbortController().signal)) {
      const { length } = seen
      seen.push(pids_stats.current ?? 0)
      if (length === 0) await engine.containerKill(id)
      else if (pids_stats.current === undefined) await engine.containerStart(id)
      else if (length > 1) await engine.containerDelete(id, { force: true })
    }
    assert.ok(seen.includes(0), 'it had ended')
    assert.ok((seen.at(-1) ?? 0) > 0 || (seen.at(-2) ?? 0) > 0, 'it ran again')
  })
})
