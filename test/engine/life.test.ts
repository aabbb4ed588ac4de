import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Bench, create, event, exec, exitCode, gone, output, run, skip } from './fixture.ts'

test('a container runs, ends with its exit code, and its output is in the log', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sh', '-c', 'echo out; echo err >&2; exit 7'])
  assert.equal(await exitCode(engine, id), 7)
  assert.deepEqual((await output(engine, id)).split('\n').sort(), ['', 'err', 'out'])
  const { State } = await engine.containerInspect(id)
  assert.equal(State.Status, 'exited')
  assert.equal(State.ExitCode, 7)
  assert.ok(State.FinishedAt >= State.StartedAt)
  await gone(join(bench.runDir, 'runs', id, 'run.json'))
})

test('starting what runs and stopping what does not changes nothing', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await create(engine, bench, ['sleep', '1000'])
  assert.equal(await engine.containerStop(id), false)
  assert.equal(await engine.containerStart(id), true)
  assert.equal(await engine.containerStart(id), false)
  assert.equal(await engine.containerStop(id), true)
})

test('a program without a handler ends with its stop signal at once, since init passes it on', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sleep', '1000'], { StopSignal: 'SIGINT' })
  await engine.containerStop(id, { timeout: 60 })
  assert.equal((await engine.containerInspect(id)).State.ExitCode, 130)
})

test('a program that ignores its stop signal is killed when its time is over', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 1; done'])
  for await (const _ of await engine.containerLogs(id, { stdout: true, follow: true })) break
  await engine.containerStop(id, { timeout: 0 })
  assert.equal((await engine.containerInspect(id)).State.ExitCode, 137)
})

test('a program that takes its time to end is not hurried', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, [
    'sh',
    '-c',
    'trap "sleep 0.2; exit 5" TERM; echo ready; while :; do sleep 0.05; done',
  ])
  for await (const _ of await engine.containerLogs(id, { stdout: true, follow: true })) break
  await engine.containerStop(id, { timeout: 30 })
  assert.equal((await engine.containerInspect(id)).State.ExitCode, 5)
})

test('a command that does not exist leaves the container created, with the exit code of a shell', {
  skip,
}, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  for (const [command, code, exit, why] of [
    ['nowhere', 'RUNTIME_COMMAND_NOT_FOUND', 127, 'executable file not found in $PATH'],
    ['/nowhere', 'RUNTIME_COMMAND_NOT_FOUND', 127, 'stat /nowhere: no such file or directory'],
    ['/seed/file', 'RUNTIME_COMMAND_NOT_EXECUTABLE', 126, 'permission denied'],
  ] as const) {
    const id = await create(engine, bench, [command])
    await assert.rejects(engine.containerStart(id), { code })
    const { State } = await engine.containerInspect(id)
    assert.deepEqual([State.Status, State.ExitCode], ['created', exit])
    assert.equal(State.Error, `unable to start container process: exec: "${command}": ${why}`)
    assert.ok(!existsSync(join(bench.runDir, 'runs', id, 'run.json')))
    assert.deepEqual(readdirSync(join(bench.runDir, 'containers')), [])
  }
})

test('a user that the image does not know is an error of the start', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await create(engine, bench, ['true'], { User: 'nobody-here' })
  await assert.rejects(engine.containerStart(id), { code: 'RUNTIME_USER_UNKNOWN' })
})

test('names are given once, follow a rename, and are free again after the removal', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const request = { Image: bench.image, Cmd: ['true'], HostConfig: { NetworkMode: 'host' } }
  const { Id } = await engine.containerCreate('web', request)
  await assert.rejects(engine.containerCreate('/web', request), {
    code: 'ENGINE_CONTAINER_NAME_TAKEN',
    message:
      `Conflict. The container name "/web" is already in use by container "${Id}". ` +
      'You have to remove (or rename) that container to be able to reuse that name.',
  })
  await assert.rejects(engine.containerCreate('no spaces', request), { code: 'ENGINE_REQUEST_INVALID' })
  await engine.containerRename('web', 'old')
  assert.equal((await engine.containerInspect('old')).Name, '/old')
  await engine.containerCreate('web', request)
  await assert.rejects(engine.containerRename('old', 'web'), {
    code: 'ENGINE_CONTAINER_NAME_TAKEN',
    message: /^Error when allocating new name: Conflict\. The container name "\/web" is/,
  })
  await engine.containerDelete('web')
  await engine.containerDelete(Id.slice(0, 12))
  await assert.rejects(engine.containerInspect('web'), {
    code: 'ENGINE_CONTAINER_NOT_FOUND',
    message: 'No such container: web',
  })
  assert.deepEqual(readdirSync(join(bench.dataDir, 'containers')), [])
})

test('of two that want one name at once, one gets it', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const request = { Image: bench.image, Cmd: ['true'] }
  const results = await Promise.allSettled([1, 2, 3].map(() => engine.containerCreate('one', request)))
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal((await engine.containerList({ all: true })).length, 1)
})

test('an image that is not there is named', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  await assert.rejects(engine.containerCreate('some', { Image: 'nope:1', Cmd: ['true'] }), {
    code: 'ENGINE_IMAGE_NOT_FOUND',
    message: 'No such image: nope:1',
  })
  await engine.containerCreate('some', { Image: bench.image, Cmd: ['true'] })
})

test('what runs is removed only by force', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sleep', '1000'])
  await assert.rejects(engine.containerDelete(id), {
    code: 'ENGINE_CONTAINER_STATE',
    message: /container is running: stop the container before removing or force remove$/,
  })
  await engine.containerDelete(id, { force: true })
  assert.deepEqual(await engine.containerList({ all: true }), [])
})

test('with AutoRemove a container goes when its program ends, and who waits for that is told the exit code', {
  skip,
}, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await create(engine, bench, ['sh', '-c', 'exit 4'], { HostConfig: { AutoRemove: true } })
  const removed = await engine.containerWait(id, 'removed', new AbortController().signal)
  await engine.containerStart(id)
  assert.deepEqual(await removed.exited, { StatusCode: 4 })
  await assert.rejects(engine.containerInspect(id), { code: 'ENGINE_CONTAINER_NOT_FOUND' })
  assert.deepEqual(readdirSync(join(bench.dataDir, 'containers')), [])
})

test('the writable layer outlasts a restart and ends with the container', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sh', '-c', 'test -e /mark && exit 9; touch /mark'])
  assert.equal(await exitCode(engine, id), 0)
  await engine.containerStart(id)
  assert.equal(await exitCode(engine, id), 9)
  assert.ok(!existsSync(join(bench.rootfs, 'mark')))
  assert.ok(((await engine.containerInspect(id, { size: true })).SizeRootFs ?? -1) >= 0)
})

test('kill sends any signal, and waits for the end only with SIGKILL', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const script = 'trap "echo got" HUP; echo ready; while :; do sleep 0.02; done'
  const id = await run(engine, bench, ['sh', '-c', script])
  const log = await engine.containerLogs(id, { stdout: true, follow: true })
  const lines = log[Symbol.asyncIterator]()
  await lines.next()
  await engine.containerKill(id, 'SIGHUP')
  assert.match(String((await lines.next()).value), /got/)
  await engine.containerKill(id)
  assert.equal((await engine.containerInspect(id)).State.ExitCode, 137)
  await assert.rejects(engine.containerKill(id), { code: 'ENGINE_CONTAINER_NOT_RUNNING' })
})

test('a paused container is still there, and does nothing until it is unpaused', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sleep', '1000'])
  await engine.containerPause(id)
  assert.equal((await engine.containerInspect(id)).State.Status, 'paused')
  await assert.rejects(engine.containerPause(id), { code: 'ENGINE_CONTAINER_STATE' })
  await assert.rejects(engine.containerStart(id), { message: 'cannot start a paused container, try unpause instead' })
  await assert.rejects(engine.execCreate(id, { Cmd: ['true'] }), { code: 'ENGINE_CONTAINER_STATE' })
  await engine.containerUnpause(id)
  assert.equal((await exec(engine, id, ['echo', 'alive'])).text, 'alive\n')
  await engine.containerPause(id)
  await engine.containerStop(id, { timeout: 30 })
  assert.equal((await engine.containerInspect(id)).State.Status, 'exited')
})

test('events tell the life of a container in the order in which Docker tells it', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const over = new AbortController()
  const seen: string[] = []
  const listening = (async () => {
    for await (const { Type, Action, Actor } of await engine.systemEvents({}, over.signal)) {
      seen.push(`${Type} ${Action}${Actor.Attributes.exitCode ? ` ${Actor.Attributes.exitCode}` : ''}`)
    }
  })()
  const id = await run(engine, bench, ['sleep', '1000'], { HostConfig: { NetworkMode: 'bridge' } })
  await engine.containerTop(id)
  await engine.containerStop(id)
  await engine.containerDelete(id)
  over.abort()
  await listening
  assert.deepEqual(seen, [
    'container create',
    'network connect',
    'container start',
    'container top',
    'container kill',
    'container die 143',
    'network disconnect',
    'container stop',
    'container destroy',
  ])
})

test('fifty containers at once', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const ids = await Promise.all(Array.from({ length: 50 }, () => run(engine, bench, ['sh', '-c', 'exit 3'])))
  assert.deepEqual(new Set(await Promise.all(ids.map(id => exitCode(engine, id)))), new Set([3]))
  await Promise.all(ids.map(id => engine.containerDelete(id)))
  assert.deepEqual(readdirSync(join(bench.dataDir, 'containers')), [])
})

test('a removal that comes during a start undoes the start', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await create(engine, bench, ['sleep', '1000'])
  const starting = engine.containerStart(id)
  await Promise.allSettled([starting, engine.containerDelete(id, { force: true })])
  assert.deepEqual(await engine.containerList({ all: true }), [])
  assert.deepEqual(readdirSync(join(bench.runDir, 'containers')), [])
})

test('whoever listens hears of an event that comes after he began', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await create(engine, bench, ['true'])
  const started = event(engine, ({ Action, Actor }) => Action === 'start' && Actor.ID === id)
  await engine.containerStart(id)
  assert.equal((await started).Actor.Attributes.image, bench.image)
})

test('a link to a container that is not there is refused', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  await assert.rejects(create(engine, bench, ['true'], { HostConfig: { NetworkMode: 'none', Links: ['nobody:db'] } }), {
    code: 'ENGINE_REQUEST_INVALID',
    message: 'could not get container for nobody: No such container: nobody',
  })
  assert.deepEqual(await engine.containerList({ all: true }), [])
})
