import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { connectEngine, type RemoteEngine } from '../../src/engine/client/remote-engine.ts'
import { splitDeviceNumber } from '../../src/runtime/device-node.ts'
import { newMachine, skip } from './machine.ts'

/** The disk that a directory lies on; undefined if that is none of its own, say a tmpfs. */
function diskOf(directory: string): string | undefined {
  const { major, minor } = splitDeviceNumber(statSync(directory).dev)
  try {
    const uevent = readFileSync(`/sys/dev/block/${major}:${minor}/uevent`, 'latin1')
    const isDisk = /^DEVTYPE=disk$/m.test(uevent)
    return isDisk ? `/dev/${/^DEVNAME=(.*)$/m.exec(uevent)?.[1]}` : undefined
  } catch {
    return undefined
  }
}

const disk = diskOf('/tmp')
const MiB = 2 ** 20

/** Programs that run into their limits. */
const yaml = `
services:
  greedy:
    image: rootfs:/
    command: [sh, -c, 'x=x; while :; do x=$$x$$x; done']
    mem_limit: 32m
    memswap_limit: 32m
  busy:
    image: rootfs:/
    command: [sh, -c, 'while :; do :; done & while :; do :; done']
    cpus: 0.5
  bomb:
    image: rootfs:/
    command: [sh, -c, 'bomb() { bomb | bomb & }; bomb; while :; do sleep 1; done']
    deploy: {resources: {limits: {pids: 20, memory: 64m, cpus: '0.3'}}}
  weighted:
    image: rootfs:/
    command: [sleep, '1000']
    cpu_shares: 1
    blkio_config: {weight: 300}
${
  disk === undefined
    ? ''
    : `  writer:
    image: rootfs:/
    command: [dd, if=/dev/zero, of=/written, bs=256k, count=12, oflag=direct]
    blkio_config: {device_write_bps: [{path: ${disk}, rate: 1mb}]}
`
}`

test('limits, each met by a program', { skip }, async t => {
  const machine = await newMachine(t)
  const cwd = await machine.project('limits', { 'compose.yaml': yaml })
  machine.defer(() => machine.run(['down', '-t', '0'], { cwd }))
  await machine.ok(['engine', 'start'])
  using engine = await connectEngine({ socketPath: machine.socket })
  const { signal } = t
  const up = async (service: string) => {
    const { code, stderr } = await machine.run(['up', '-d', service], { cwd })
    assert.equal(code, 0, stderr)
    return { id: `limits-${service}-1`, stderr }
  }
  const ended = async (id: string) => await (await engine.containerWait(id, 'not-running', signal)).exited

  await t.test('memory: it is killed, and that is told', async () => {
    const events = await engine.systemEvents({ filters: { event: ['oom'] } }, signal)
    const { id } = await up('greedy')
    assert.equal((await ended(id)).StatusCode, 137)
    assert.equal((await engine.containerInspect(id)).State.OOMKilled, true)
    for await (const { Actor } of events) {
      assert.equal(Actor.Attributes.name, id)
      break
    }
  })

  await t.test('processors: two busy loops get half of one', async () => {
    const { id } = await up('busy')
    const [first, last] = await readings(engine, id, 3, t)
    const used = last.cpu_stats.cpu_usage.total_usage - first.cpu_stats.cpu_usage.total_usage
    const passed = (Date.parse(last.read) - Date.parse(first.read)) * 1e6
    // Periods of 100 ms are used in one piece: at both ends one more may be in it.
    assert.ok(used <= passed * 0.5 + 2 * 50e6, `${used / passed} of a processor`)
    assert.ok(last.cpu_stats.throttling_data.throttled_periods > 0)
    const { Warnings } = await engine.containerUpdate(id, { NanoCpus: 2e8 })
    assert.deepEqual(Warnings, [])
    assert.equal((await engine.containerInspect(id)).HostConfig.NanoCpus, 2e8)
    await engine.containerKill(id)
  })

  await t.test('processes: a fork bomb stays small, and goes with its container', async () => {
    const { id } = await up('bomb')
    const { Memory, NanoCpus, PidsLimit } = (await engine.containerInspect(id)).HostConfig
    assert.deepEqual([Memory, NanoCpus, PidsLimit], [64 * MiB, 3e8, 20])
    const [, last] = await readings(engine, id, 2, t)
    assert.ok((last.pids_stats.current ?? 99) <= 20)
    await machine.ok(['rm', '-fs', 'bomb'], { cwd })
  })

  await t.test(
    'block I/O: what is written takes as long as its rate says',
    {
      skip: disk === undefined && 'the temporary directory is not on a disk of its own',
    },
    async () => {
      const { id } = await up('writer')
      assert.equal((await ended(id)).StatusCode, 0)
      const { State } = await engine.containerInspect(id)
      const seconds = (Date.parse(State.FinishedAt) - Date.parse(State.StartedAt)) / 1000
      // 3 MiB at 1 MiB a second; the kernel lets the first slice through at once.
      assert.ok(seconds > 1.5, `it took ${seconds} s`)
    },
  )

  await t.test('what the kernel changes or does not heed is told by up', async () => {
    const { id, stderr } = await up('weighted')
    assert.match(stderr, /limits-weighted-1: .*block I\/O weight/)
    assert.equal((await engine.containerInspect(id)).State.Running, true)
  })
})

/** The first and the last of some readings, a second apart. */
async function readings(engine: RemoteEngine, id: string, count: number, t: TestContext) {
  const all = []
  for await (const one of await engine.containerStats(id, {}, t.signal)) if (all.push(one) === count) break
  const [first, last] = [all[0], all.at(-1)]
  assert.ok(first && last)
  return [first, last] as const
}
