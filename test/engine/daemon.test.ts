import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { engineStatus, ensureEngine, stopEngine } from '../../src/engine/daemon/ensure-engine.ts'
import { type EnginePaths, enginePaths } from '../../src/engine/daemon/paths.ts'
import { startEngine } from '../../src/engine/daemon/start-engine.ts'

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const start = (paths: EnginePaths) => startEngine(paths, file('daemon-fake-main.ts'))
const ensure = (paths: EnginePaths) => ensureEngine(paths, start)

/** Directories of an engine's own; with the test, the engine ends and they go. */
async function place(t: TestContext, config: object = {}): Promise<EnginePaths> {
  const directory = await mkdtemp(join(tmpdir(), 'tscompose-daemon-'))
  const [dataRoot, runDir, configFile] = ['data', 'run', 'config.json'].map(name => join(directory, name))
  await writeFile(configFile as string, JSON.stringify(config))
  const env = { TSCOMPOSE_DATA: dataRoot, TSCOMPOSE_RUN: runDir, TSCOMPOSE_CONFIG: configFile }
  Object.assign(process.env, env) // the engine gets its environment from this process
  const paths = enginePaths()
  t.after(async () => {
    for (const name of [...Object.keys(env), 'TSCOMPOSE_FAKE']) delete process.env[name]
    await stopEngine(paths)
    // A keeper may still be writing there.
    await rm(directory, { recursive: true, maxRetries: 5 })
  })
  return paths
}

/** Settles when the process that listens at the socket is gone, with which its connections go. */
function end({ socketPath }: EnginePaths): Promise<void> {
  const socket = connect(socketPath)
  socket.on('error', () => undefined).resume()
  return new Promise(resolve => socket.once('close', () => resolve()))
}

const pidOf = async (paths: EnginePaths) => (await engineStatus(paths))?.pid

test('the engine is started by who needs it, and found by who comes later', async t => {
  const paths = await place(t)
  assert.equal(await engineStatus(paths), undefined)
  using first = await ensure(paths)
  const { pid, dataRoot, runDir } = await first.engineStatus()
  assert.notEqual(pid, process.pid)
  assert.deepEqual([dataRoot, runDir], [paths.dataRoot, paths.runDir])
  using second = await ensure(paths)
  assert.equal((await second.engineStatus()).pid, pid)
})

test('its directory and its socket are private', async t => {
  const paths = await place(t)
  using _ = await ensure(paths)
  assert.equal((await stat(paths.runDir)).mode & 0o777, 0o700)
  assert.equal((await stat(paths.socketPath)).mode & 0o777, 0o600)
})

test('it does not know the secrets in the environment of the command that started it', async t => {
  const paths = await place(t)
  process.env.SECRET_OF_A_TEST = 'x'
  using engine = await ensure(paths)
  delete process.env.SECRET_OF_A_TEST
  const { env, cwd } = await engine.systemInfo()
  assert.equal(cwd, '/')
  assert.ok((env as string[]).includes('PATH'))
  assert.ok(!(env as string[]).includes('SECRET_OF_A_TEST'))
})

test('of several commands at once, one starts the engine and all use it', async t => {
  await place(t)
  const commands = Array.from({ length: 4 }, () =>
    spawn(process.execPath, [file('daemon-fake-command.ts')], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  await Promise.all(commands.map(command => once(command.stdout, 'data')))
  for (const command of commands) command.stdin.end('go\n')
  const said = await Promise.all(commands.map(async command => String((await once(command.stdout, 'data'))[0]).trim()))
  assert.match(said[0] ?? '', /^engine \d+$/)
  assert.equal(new Set(said).size, 1)
})

test('an engine that is killed is started again, whatever socket was left, and nobody has to ask', async t => {
  const paths = await place(t)
  using first = await ensure(paths)
  const { pid } = await first.engineStatus()
  for (let kills = 0, killed = pid; kills < 4; kills++) {
    process.kill(killed, 'SIGKILL')
    while (((await pidOf(paths).catch(() => undefined)) ?? killed) === killed) await sleep(5)
    killed = (await pidOf(paths)) ?? 0
    assert.notEqual(killed, pid)
  }
})

test('an engine that is killed before it is ready is not the last one', async t => {
  const paths = await place(t)
  process.env.TSCOMPOSE_FAKE = 'killed once'
  using engine = await ensure(paths)
  assert.match(await readFile(paths.logFile, 'utf8'), /the first of us/)
  assert.ok((await engine.engineStatus()).pid > 0)
})

test('what kills every engine is told', async t => {
  const paths = await place(t)
  process.env.TSCOMPOSE_FAKE = 'killed'
  await assert.rejects(ensure(paths), { message: /was killed by SIGKILL before it was ready/ })
})

/** The parent of a process. */
const parentOf = async (pid: number) =>
  Number(/^PPid:\s+(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])

/** Its keeper where it is no child of it: the one among its children. */
async function adoptiveKeeper(pid: number): Promise<number> {
  for (;;) {
    for (const child of (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean))
      if ((await readFile(`/proc/${child}/cmdline`, 'utf8')).startsWith('tscompose-keeper')) return Number(child)
    await sleep(5)
  }
}

/** Settles with the pid of another engine than `killed`. */
async function next(paths: EnginePaths, killed: number): Promise<number> {
  for (;;) {
    const pid = await pidOf(paths).catch(() => undefined)
    if (pid !== undefined && pid !== killed) return pid
    await sleep(5)
  }
}

test('a keeper that is killed is replaced at once, and the next one does what the first did', async t => {
  const paths = await place(t)
  using engine = await ensure(paths)
  const { pid } = await engine.engineStatus()
  process.kill(await parentOf(pid), 'SIGKILL')
  const second = await adoptiveKeeper(pid)
  process.kill(second, 'SIGKILL')
  while (existsSync(`/proc/${second}/exe`)) await sleep(5)
  const third = await adoptiveKeeper(pid)
  assert.equal(await pidOf(paths), pid)
  process.kill(pid, 'SIGKILL')
  const following = await next(paths, pid)
  assert.equal(await parentOf(following), third)
  process.kill(following, 'SIGKILL')
  assert.equal(await parentOf(await next(paths, following)), third)
})

test('a keeper that came later ends with its engine, too, and passes signals on to it', async t => {
  const paths = await place(t)
  for (const how of ['stopEngine', 'SIGTERM'] as const) {
    using engine = await ensure(paths)
    const { pid } = await engine.engineStatus()
    process.kill(await parentOf(pid), 'SIGKILL')
    const keeper = await adoptiveKeeper(pid)
    const gone = end(paths)
    if (how === 'stopEngine') await stopEngine(paths)
    else process.kill(keeper, how)
    await gone
    while (existsSync(`/proc/${keeper}/exe`)) await sleep(5)
    assert.equal(await pidOf(paths), undefined)
  }
})

test('of an engine that has ended, no keeper is left', async t => {
  const paths = await place(t)
  using engine = await ensure(paths)
  const { pid } = await engine.engineStatus()
  const keeper = Number(/^PPid:\s+(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])
  assert.match(await readFile(`/proc/${keeper}/cmdline`, 'utf8'), /^tscompose-keeper/)
  await stopEngine(paths)
  while (existsSync(`/proc/${keeper}/exe`)) await sleep(5)
  assert.equal(await pidOf(paths), undefined)
})

test('a stale socket without a lock is no obstacle', async t => {
  const paths = await place(t)
  await mkdir(paths.runDir)
  await writeFile(paths.socketPath, '')
  using _ = await ensure(paths)
})

for (const how of ['SIGTERM', 'SIGINT', 'stopEngine'] as const)
  test(`with ${how} it closes in order`, async t => {
    const paths = await place(t)
    using engine = await ensure(paths)
    const { pid } = await engine.engineStatus()
    const gone = end(paths)
    if (how === 'stopEngine') assert.equal(await stopEngine(paths), true)
    else process.kill(pid, how)
    await gone
    assert.ok(!existsSync(paths.socketPath))
    assert.match(await readFile(paths.logFile, 'utf8'), /the fake is closed/)
    assert.equal(await stopEngine(paths), false)
  })

test('an engine can be started while another one is ending', async t => {
  const paths = await place(t)
  using first = await ensure(paths)
  const { pid } = await first.engineStatus()
  process.kill(pid, 'SIGTERM')
  // The first may answer once more before it hears of it.
  const next = async () => {
    using engine = await ensure(paths)
    return (await engine.engineStatus().catch(() => undefined))?.pid ?? pid
  }
  while ((await next()) === pid) await sleep(1)
})

test('it ends when nobody has asked for a while', async t => {
  const paths = await place(t, { 'idle-timeout': 0.05 })
  using _ = await ensure(paths)
  await end(paths)
  assert.equal(await engineStatus(paths), undefined)
})

test('it stays as long as a container runs or a request is under way', async t => {
  const paths = await place(t, { 'idle-timeout': 0.05 })
  using engine = await ensure(paths)
  const { pid } = await engine.engineStatus()
  await engine.containerStart('1')
  await sleep(300)
  assert.equal(await pidOf(paths), pid)
  const leave = new AbortController()
  await engine.systemEvents({}, leave.signal)
  await engine.containerKill('1')
  await sleep(300)
  assert.equal(await pidOf(paths), pid)
  const gone = end(paths)
  leave.abort()
  await gone
})

test('an engine that cannot open says why', async t => {
  const paths = await place(t)
  process.env.TSCOMPOSE_FAKE = 'fails'
  await assert.rejects(ensure(paths), { code: 'ENGINE_FAILED', message: 'no luck', fix: 'try again' })
})

test('an engine that dies leaves its last words', async t => {
  const paths = await place(t)
  process.env.TSCOMPOSE_FAKE = 'dies'
  await assert.rejects(ensure(paths), {
    code: 'ENGINE_START_FAILED',
    message: /ended with exit code 7 before it was ready:\nthese are my last words/,
  })
})

test('a configuration that is wrong is told', async t => {
  const paths = await place(t, { 'idle-timeout': 'soon' })
  await assert.rejects(ensure(paths), { code: 'ENGINE_CONFIG_INVALID', message: /"idle-timeout" must be a number/ })
})

test('it survives errors that nobody catches, and writes them down', async t => {
  const paths = await place(t)
  using engine = await ensure(paths)
  const { pid } = await engine.engineStatus()
  await engine.containerPause('1')
  assert.equal(await pidOf(paths), pid)
  assert.match(await readFile(paths.logFile, 'utf8'), /nobody catches this.*daemon-fake-main/s)
})

test('its log is bounded', async t => {
  const paths = await place(t)
  using engine = await ensure(paths)
  for (let written = 0; written < 50; written++) await engine.imageTag('x', 'y', 'z')
  for (const log of [paths.logFile, `${paths.logFile}.1`]) {
    const { size } = await stat(log)
    assert.ok(size > 0 && size < 2 ** 20 + 200_000, `${log}: ${size}`)
  }
})

test('others than root are told that they cannot start it', async t => {
  const paths = await place(t)
  const { geteuid } = process
  process.geteuid = () => 1000
  await assert.rejects(ensureEngine(paths), { code: 'ENGINE_NEEDS_ROOT' })
  if (geteuid) process.geteuid = geteuid
})

test('ordinary users have places of their own, and variables go before them', () => {
  const env = { XDG_DATA_HOME: '/d', XDG_RUNTIME_DIR: '/r' }
  const { dataRoot, socketPath } = enginePaths(env, 1000)
  assert.deepEqual([dataRoot, socketPath], ['/d/tscompose', '/r/tscompose/engine.sock'])
  const root = enginePaths({}, 0)
  assert.deepEqual([root.dataRoot, root.socketPath], ['/var/lib/tscompose', '/run/tscompose/engine.sock'])
  assert.equal(enginePaths({ TSCOMPOSE_RUN: '/x' }, 1000).socketPath, '/x/engine.sock')
  assert.doesNotMatch(enginePaths({}, 1000).socketPath, /^\/tmp/, 'where anybody may listen')
})
