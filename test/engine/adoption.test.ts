import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ContainerCreateRequest } from '../../src/engine/api.ts'
import { Bench, create, event, exec, exitCode, gone, output, run, skip } from './fixture.ts'

type Request = { command: string[]; more?: Partial<ContainerCreateRequest> }

/** Has another process start containers. Disposing kills it with SIGKILL, as does `kill`. */
async function otherEngine(bench: Bench, requests: Request[]) {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'adoption-child.ts'), bench.root, JSON.stringify(requests)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const ended = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  const lines = createInterface({ input: child.stdout })
  const line = await lines[Symbol.asyncIterator]().next()
  return { ids: JSON.parse(line.value ?? '[]') as string[], kill, [Symbol.asyncDispose]: kill }
}

/** Waits for a program to write a file. */
async function written(path: string): Promise<string> {
  while (!existsSync(path) || readFileSync(path, 'utf8') === '') await sleep(5)
  return readFileSync(path, 'utf8')
}

test('an engine that is killed leaves its containers running, and the next one takes them over', { skip }, async () => {
  await using bench = await Bench.make()
  const script = 'n=0; while :; do echo line $n; n=$((n+1)); sleep 0.02; done'
  await using other = await otherEngine(bench, [{ command: ['sh', '-c', script] }])
  const [id = ''] = other.ids
  await other.kill()
  await using engine = await bench.open()
  const { State } = await engine.containerInspect(id)
  assert.equal(State.Status, 'running')
  assert.ok(existsSync(`/proc/${State.Pid}`))
  assert.equal((await exec(engine, id, ['echo', 'here'])).text, 'here\n')
  await sleep(100)
  assert.equal(await engine.containerStop(id), true)
  const lines = (await output(engine, id)).trim().split('\n')
  assert.deepEqual(
    lines,
    lines.map((_, n) => `line ${n}`),
    'no line is lost or doubled',
  )
  assert.equal((await engine.containerInspect(id)).State.ExitCode, 143)
})

test('what ended while no engine was there has its exit code and the time of its end', { skip }, async () => {
  await using bench = await Bench.make()
  const mark = join(bench.root, 'mark')
  const Binds = [`${bench.root}:/host`]
  const wait = 'while ! test -e /host/go; do sleep 0.02; done; echo $$ > /host/mark; exit 11'
  await using other = await otherEngine(bench, [{ command: ['sh', '-c', wait], more: { HostConfig: { Binds } } }])
  const [id = ''] = other.ids
  await other.kill()
  const before = Date.now()
  writeFileSync(join(bench.root, 'go'), '')
  await written(mark)
  await sleep(50)
  const after = Date.now()
  await using engine = await bench.open()
  assert.equal(await exitCode(engine, id), 11)
  const { State } = await engine.containerInspect(id)
  assert.ok(Date.parse(State.FinishedAt) >= before && Date.parse(State.FinishedAt) <= after, State.FinishedAt)
  await gone(join(bench.runDir, 'runs', id, 'run.json'))
})

test('an engine that is killed as a program ends loses neither the container nor its exit code', { skip }, async () => {
  await using bench = await Bench.make()
  const mark = join(bench.root, 'mark')
  const command = ['sh', '-c', 'echo $$ > /host/mark; exit 13']
  await using other = await otherEngine(bench, [{ command, more: { HostConfig: { Binds: [`${bench.root}:/host`] } } }])
  const [id = ''] = other.ids
  await written(mark)
  await other.kill()
  for (let restart = 0; restart < 2; restart++) {
    await using engine = await bench.open()
    assert.equal(await exitCode(engine, id), 13)
    await gone(join(bench.runDir, 'runs', id, 'run.json'))
  }
})

test('what ended while no engine was there is started again by its policy', { skip }, async () => {
  await using bench = await Bench.make()
  const more = { HostConfig: { Binds: [`${bench.root}:/host`], RestartPolicy: { Name: 'always' as const } } }
  const wait =
    'echo x >> /host/runs; while ! test -e /host/go; do sleep 0.02; done; rm -f /host/go || /bin/busybox rm /host/go'
  await using other = await otherEngine(bench, [{ command: ['sh', '-c', wait], more }])
  const [id = ''] = other.ids
  await written(join(bench.root, 'runs'))
  await other.kill()
  writeFileSync(join(bench.root, 'go'), '')
  while (existsSync(join(bench.root, 'go'))) await sleep(5)
  await using engine = await bench.open()
  while (readFileSync(join(bench.root, 'runs'), 'utf8') !== 'x\nx\n') await sleep(10)
  // The program may be ahead of those who tell of it.
  while ((await engine.containerInspect(id)).State.Status !== 'running') await sleep(10)
  assert.equal((await engine.containerInspect(id)).RestartCount, 1)
})

test('health goes on where it was, and is not starting again', { skip }, async () => {
  await using bench = await Bench.make()
  const Healthcheck = { Test: ['CMD', 'test', '!', '-e', '/broken'], Interval: 50e6, Retries: 1 }
  const id = await (async () => {
    await using first = await bench.open()
    const healthy = event(first, ({ Action }) => Action === 'health_status: healthy')
    const id = await run(first, bench, ['sleep', '1000'], { Healthcheck })
    await healthy
    return id
  })()
  await using engine = await bench.open()
  assert.equal((await engine.containerInspect(id)).State.Health?.Status, 'healthy')
  const unhealthy = event(engine, ({ Action }) => Action === 'health_status: unhealthy')
  await exec(engine, id, ['touch', '/broken'])
  await unhealthy
})

test('a paused container is still paused', { skip }, async () => {
  await using bench = await Bench.make()
  const id = await (async () => {
    await using first = await bench.open()
    const id = await run(first, bench, ['sleep', '1000'])
    await first.containerPause(id)
    return id
  })()
  await using engine = await bench.open()
  assert.equal((await engine.containerInspect(id)).State.Status, 'paused')
  await engine.containerUnpause(id)
  assert.equal((await exec(engine, id, ['echo', 'awake'])).text, 'awake\n')
})

test('after a restart of the machine, what ran has ended with 255, and what its policy says runs again', {
  skip,
}, async () => {
  await using bench = await Bench.make()
  type Name = NonNullable<NonNullable<ContainerCreateRequest['HostConfig']>['RestartPolicy']>['Name']
  const cases: [policy: Name, before: 'running' | 'stopped' | 'created', after: string][] = [
    ['no', 'running', 'exited'],
    ['always', 'running', 'running'],
    ['always', 'stopped', 'running'],
    ['always', 'created', 'created'],
    ['unless-stopped', 'running', 'running'],
    ['unless-stopped', 'stopped', 'exited'],
    ['on-failure', 'running', 'running'],
    ['on-failure', 'stopped', 'exited'],
  ]
  const ids = await (async () => {
    await using first = await bench.open()
    return await Promise.all(
      cases.map(async ([Name, before]) => {
        const id = await create(first, bench, ['sleep', '1000'], { HostConfig: { RestartPolicy: { Name } } })
        if (before !== 'created') await first.containerStart(id)
        if (before === 'stopped') await first.containerStop(id, { timeout: 10 })
        return id
      }),
    )
  })()
  // One engine after the other changes nothing of what rests.
  await (await bench.open())[Symbol.asyncDispose]()
  await killEverything(bench)
  await using engine = await bench.open()
  const { State } = await engine.containerInspect(ids[0] ?? '')
  assert.deepEqual([State.Status, State.ExitCode], ['exited', 255])
  const state = async (id = '') => (await engine.containerInspect(id)).State.Status
  for (const [index, [, , after]] of cases.entries())
    while (after === 'running' && (await state(ids[index])) !== after) await sleep(10)
  for (const [index, expected] of cases.entries())
    assert.equal(await state(ids[index]), expected[2], expected.join(' '))
})

test('what ended with the engine before the machine went down was asked by its own signal, and runs again by its policy', {
  skip,
}, async () => {
  await using bench = await Bench.make()
  const told = 'trap "echo asked; exit 3" USR1; while :; do sleep 0.02; done'
  const cases: [policy: 'no' | 'always' | 'unless-stopped', before: 'running' | 'stopped' | 'paused', after: string][] =
    [
      ['no', 'running', 'exited'],
      ['always', 'running', 'running'],
      ['unless-stopped', 'running', 'running'],
      ['unless-stopped', 'paused', 'running'],
      ['unless-stopped', 'stopped', 'exited'],
    ]
  const ids = await (async () => {
    await using first = await bench.open()
    const ids = await Promise.all(
      cases.map(async ([Name, before], index) => {
        const more = { StopSignal: 'SIGUSR1', HostConfig: { RestartPolicy: { Name } } }
        const id = await run(first, bench, ['sh', '-c', index === 0 ? told : 'sleep 1000'], {
          ...more,
          ...(index > 0 && { StopSignal: 'SIGKILL' }),
        })
        if (before === 'stopped') await first.containerStop(id)
        if (before === 'paused') await first.containerPause(id)
        return id
      }),
    )
    // Lives in the network of another one, so starts after it.
    const HostConfig = { NetworkMode: `container:${ids[1]}`, RestartPolicy: { Name: 'always' as const } }
    ids.push(await run(first, bench, ['sleep', '1000'], { HostConfig, StopSignal: 'SIGKILL' }))
    await first.shutDown()
    return ids
  })()
  await using engine = await bench.open()
  const state = async (id = '') => (await engine.containerInspect(id)).State
  const after = [...cases.map(([, , after]) => after), 'running']
  for (const [index, expected] of after.entries())
    while (expected === 'running' && (await state(ids[index])).Status !== expected) await sleep(10)
  for (const [index, expected] of after.entries())
    assert.equal((await state(ids[index])).Status, expected, String(index))
  assert.equal((await state(ids[0])).ExitCode, 3)
  assert.equal(await output(engine, ids[0] ?? ''), 'asked\n')
})

/** Does to the containers of a bench what a restart of the machine does: everything in memory is gone. */
async function killEverything(bench: Bench): Promise<void> {
  const { runtime } = bench.layers.open()
  await runtime.removeUnknown([])
  rmSync(bench.runDir, { recursive: true })
  const identity = join(bench.dataDir, 'engine.json')
  writeFileSync(identity, readFileSync(identity, 'utf8').replace(/"bootId":"[^"]*/, '"bootId":"another'))
  for (const id of readdirSync(join(bench.dataDir, 'containers'))) {
    rmSync(join(bench.dataDir, 'containers', id, 'exit'), { force: true })
  }
}

/** What a disk, or a person, can do to a file. */
const damages = {
  'is empty': (file: string) => writeFileSync(file, ''),
  'is cut off': (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2)),
  'is garbage': (file: string) => writeFileSync(file, Buffer.from('7f00ff0a2208', 'hex')),
  'holds something else': (file: string) => writeFileSync(file, '{"version":1,"sandbox":[],"add":3}\n'),
  'is a directory': (file: string) => {
    rmSync(file)
    mkdirSync(file)
  },
}

for (const [damage, inflict] of Object.entries(damages))
  test(`a state file that ${damage} is set aside and reported, and nothing else is lost`, { skip }, async () => {
    await using bench = await Bench.make()
    const always = { HostConfig: { RestartPolicy: { Name: 'always' as const } } }
    const [good, ended, running] = await (async () => {
      await using first = await bench.open()
      await first.volumeCreate({ Name: 'kept', Labels: { a: 'b' } })
      writeFileSync(join(bench.dataDir, 'volumes/kept/_data/file'), 'data')
      const ids = [await create(first, bench, ['true']), await run(first, bench, ['sh', '-c', 'exit 7'])]
      await exitCode(first, ids[1] ?? '')
      return [...ids, await run(first, bench, ['sleep', '1000'], always)]
    })()
    const [network = ''] = readdirSync(join(bench.dataDir, 'networks'))
    const files = [
      join(bench.dataDir, 'containers', ended ?? '', 'container.json'),
      join(bench.dataDir, 'containers', ended ?? '', 'exit'),
      join(bench.dataDir, 'volumes/kept/volume.json'),
      join(bench.dataDir, 'networks', network),
      join(bench.dataDir, 'engine.json'),
      join(bench.runDir, 'runs', running ?? '', 'run.json'),
    ]
    for (const file of files) inflict(file)
    await using engine = await bench.open()
    for (const file of files.filter(name => !name.endsWith('exit'))) {
      const setAside = bench.reports
        .map(line => /set aside as (\S+)/.exec(line)?.[1])
        .find(name => name?.startsWith(file))
      assert.ok(setAside && existsSync(setAside), `${file}: ${bench.reports.join('\n')}`)
    }
    const ids = (await engine.containerList({ all: true })).map(({ Id }) => Id)
    assert.deepEqual(ids.toSorted(), [good, ended, running].toSorted())
    assert.notEqual((await engine.containerInspect(ended ?? '')).State.Status, 'running')
    assert.deepEqual((await engine.networkList()).map(({ Name }) => Name).sort(), ['bridge', 'host', 'none'])
    assert.deepEqual(
      (await engine.volumeList()).Volumes.map(({ Name }) => Name),
      ['kept'],
    )
    assert.equal(readFileSync(join(bench.dataDir, 'volumes/kept/_data/file'), 'utf8'), 'data')
    while ((await engine.containerInspect(running ?? '')).State.Status !== 'running')
      await event(engine, ({ Action, Actor }) => Action === 'start' && Actor.ID === running)
  })

test('what is known of a container before its last change is found again, with the exit that its monitor saw', {
  skip,
}, async () => {
  await using bench = await Bench.make()
  const id = await (async () => {
    await using first = await bench.open()
    const id = await run(first, bench, ['sh', '-c', 'while ! test -e /go; do sleep 0.02; done; exit 7'])
    await sleep(100) // until it is on disk as running
    await exec(first, id, ['touch', '/go'])
    await exitCode(first, id)
    return id
  })()
  writeFileSync(join(bench.dataDir, 'containers', id, 'container.json'), '')
  await using engine = await bench.open()
  const { Status, ExitCode } = (await engine.containerInspect(id)).State
  assert.deepEqual([Status, ExitCode], ['exited', 7])
})

test('what is left of a container that was half made or half removed is cleared away', { skip }, async () => {
  await using bench = await Bench.make()
  const id = await (async () => {
    await using first = await bench.open()
    return await create(first, bench, ['true'])
  })()
  rmSync(join(bench.dataDir, 'containers', id, 'container.json'))
  await using _ = await bench.open()
  assert.deepEqual(readdirSync(join(bench.dataDir, 'containers')), [])
})

test('two engines cannot work on one data root', { skip }, async () => {
  await using bench = await Bench.make()
  await using _ = await bench.open()
  await assert.rejects(bench.open(), { code: 'ENGINE_DATA_LOCKED' })
})

test('the lock goes with the engine, not with the containers it leaves', { skip }, async () => {
  await using bench = await Bench.make()
  await using other = await otherEngine(bench, [{ command: ['sleep', '1000'] }])
  await other.kill()
  await using engine = await bench.open()
  assert.equal((await engine.containerList()).length, 1)
})
