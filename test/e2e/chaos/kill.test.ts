import assert from 'node:assert/strict'
import { appendFileSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ContainerCreateRequest } from '../../../src/engine/api.ts'
import { FrameDecoder } from '../../../src/engine/stream-frames.ts'
import { imageArchives, type Machine, newMachine, skip } from '../machine.ts'
import { ask, attempt, killEngine, rounds } from './killer.ts'

/** How many containers are made, run and removed side by side all the time. */
const CHURNS = 3

const loop = (body: string) => ['sh', '-c', `n=0; while :; do ${body}; n=$((n+1)); done`]
const fast = { Interval: 100e6, Timeout: 20e9, Retries: 100 }

/** What runs from the first round to the last. Each has a directory of the host as /host. */
const lasting: Readonly<Record<string, Partial<ContainerCreateRequest>>> = {
  writer: { Cmd: loop('echo line $n; echo line $n >&2; usleep 3000') },
  restarter: {
    Cmd: [
      'sh',
      '-c',
      'echo x >> /host/runs; n=$(wc -l < /host/runs); echo run $n; usleep 200000; printf "end $n"; exit 3',
    ],
    HostConfig: { RestartPolicy: { Name: 'always' } },
  },
  healthy: {
    Cmd: ['sleep', '10000'],
    Healthcheck: { Test: ['CMD-SHELL', 'test ! -e /host/ill'], ...fast, Retries: 1 },
  },
  // Answers each question of the test by a lookup, however often that has to be tried.
  asker: {
    Cmd: loop(
      'q=$(cat /host/question 2>/dev/null); nslookup writer >/dev/null 2>&1 && echo $q > /host/new && mv /host/new /host/answer; usleep 20000',
    ),
  },
}

test('an engine that is killed at any moment, again and again, loses nothing and doubles nothing', {
  skip,
}, async t => {
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', ...imageArchives('busybox')])
  await machine.ok(['network', 'create', 'net'])
  const host = (name: string) => join(machine.dir, 'host', name)
  const create = (name: string, { HostConfig, ...more }: Partial<ContainerCreateRequest>) => {
    mkdirSync(host(name), { recursive: true })
    const request = {
      Image: 'busybox',
      ...more,
      HostConfig: { NetworkMode: 'net', Binds: [`${host(name)}:/host`], ...HostConfig },
    }
    return attempt(machine, engine => engine.containerCreate(name, request))
  }
  for (const [name, request] of Object.entries(lasting)) {
    await create(name, request)
    await ask(machine, engine => engine.containerStart(name))
  }
  const identities = async () =>
    (await ask(machine, engine => engine.containerList({ all: true }))).map(({ Id, Names }) => `${Names} ${Id}`).sort()
  const first = await identities()
  const removeAll = async () => {
    for (const { Id } of await ask(machine, engine => engine.containerList({ all: true })))
      await ask(machine, engine => engine.containerDelete(Id, { force: true })).catch(() => undefined)
  }
  machine.defer(() => machine.run(['network', 'rm', 'net']))
  machine.defer(removeAll)

  let over = false
  const churns = Array.from({ length: CHURNS }, async (_, worker) => {
    for (let turn = 0; !over; turn++) await live(machine, `churn-${worker}-${turn}`, (turn * 7) % 120, create, host)
  })
  const failed = Promise.all(churns).then(() => new Promise<never>(() => {}))
  failed.catch(() => undefined)

  const killing = async () => {
    for (let round = 0; round < rounds(6); round++) {
      await sleep(Math.random() * 900)
      await killEngine(machine, { keeper: round % 2 === 1 })
      if (round % 4 !== 3) continue // the other times, the next one is killed as it begins
      writeFileSync(host('asker/question'), `${round}`)
      while (!existsSync(host('asker/answer')) || readFileSync(host('asker/answer'), 'utf8').trim() !== `${round}`)
        await sleep(10)
      const all = await ask(machine, engine => engine.containerList({ all: true }))
      const names = all.map(({ Names }) => Names[0] ?? '').sort()
      assert.equal(new Set(names).size, names.length)
      const states = Object.fromEntries(
        all.map(({ Names, State, Status }) => [Names[0]?.slice(1), `${State} ${Status.replace(/.*\(/, '(')}`]),
      )
      assert.match(states.healthy ?? '', /^running \(healthy\)$/)
      for (const name of ['writer', 'asker']) assert.match(states[name] ?? '', /^running/)
      assert.match(states.restarter ?? '', /^(running|restarting)/)
    }
  }
  await Promise.race([killing(), failed])
  over = true
  await Promise.all(churns)

  appendFileSync(host('healthy/ill'), '')
  const ill = async () =>
    (await ask(machine, engine => engine.containerInspect('healthy'))).State.Health?.Status === 'unhealthy'
  while (!(await ill())) await sleep(20)
  await ask(machine, engine => engine.containerStop('restarter', { timeout: 0 }))
  const runs = readFileSync(host('restarter/runs'), 'utf8').split('\n').length - 1
  const { RestartCount } = await ask(machine, engine => engine.containerInspect('restarter'))
  assert.ok(RestartCount >= runs - 1 && RestartCount <= runs + 1, `${RestartCount} restarts, ${runs} runs`)
  // What a run wrote last may be cut off by the stop; all the others said both of their lines, in order.
  const told = await log(machine, 'restarter', { stdout: true })
  assert.match(
    told.replaceAll('\n', ''),
    new RegExp(
      `^${Array.from({ length: runs - 1 }, (_, n) => `run ${n + 1}end ${n + 1}`).join('')}(run ${runs})?(end ${runs})?$`,
    ),
  )

  await ask(machine, engine => engine.containerKill('writer'))
  const { State } = await ask(machine, engine => engine.containerInspect('writer'))
  assert.equal(State.ExitCode, 137)
  for (const stream of ['stdout', 'stderr'] as const) {
    const lines = (await log(machine, 'writer', { [stream]: true })).trimEnd().split('\n')
    assert.ok(lines.length > 100)
    assert.deepEqual(
      lines,
      lines.map((_, n) => `line ${n}`),
    )
  }

  assert.deepEqual(await identities(), first)
  await removeAll()
  for (let tries = 0; leftFiles(machine).length > 0 && tries < 500; tries++) await sleep(10)
  assert.deepEqual(leftFiles(machine), [])
})

/** Files of containers and half-written ones; directories of what is not there any more. */
function leftFiles({ env }: Machine): string[] {
  const below = (root = '', pattern = '') => globSync(pattern, { cwd: root })
  return [
    ...below(env.TSCOMPOSE_DATA, '{containers,rubbish}/*'),
    ...below(env.TSCOMPOSE_DATA, '**/*.{new,partial,damaged-*}'),
    ...below(env.TSCOMPOSE_RUN, '{containers,runs,netns}/*'),
  ]
}

/** One container from its creation to its removal, whatever happens to the engine meanwhile. */
async function live(
  machine: Machine,
  name: string,
  code: number,
  create: (name: string, more: Partial<ContainerCreateRequest>) => ReturnType<typeof attempt>,
  host: (name: string) => string,
): Promise<void> {
  const inspect = () =>
    ask(machine, engine => engine.containerInspect(name)).catch(error => {
      if (error.code === 'ENGINE_CONTAINER_NOT_FOUND') return undefined
      throw error
    })
  const Cmd = ['sh', '-c', `echo run >> /host/runs; printf 'I am ${name}'; exit ${code}`]
  while ((await create(name, { Cmd })) === 'lost' && !(await inspect()));
  while ((await inspect())?.State.Status === 'created') await attempt(machine, engine => engine.containerStart(name))
  const signal = new AbortController().signal
  const { StatusCode } = await ask(
    machine,
    async engine => (await engine.containerWait(name, 'not-running', signal)).exited,
  )
  assert.equal(StatusCode, code, name)
  assert.equal(readFileSync(join(host(name), 'runs'), 'utf8'), 'run\n', `${name} has run once`)
  assert.equal(await log(machine, name, { stdout: true }), `I am ${name}`)
  do await attempt(machine, engine => engine.containerDelete(name).catch(ignoreGone))
  while (await inspect())
}

function ignoreGone(error: { code?: string }): void {
  if (error.code !== 'ENGINE_CONTAINER_NOT_FOUND') throw error
}

const log = (machine: Machine, name: string, streams: object): Promise<string> =>
  ask(machine, async engine => {
    const decoder = new FrameDecoder()
    let text = ''
    for await (const chunk of await engine.containerLogs(name, streams))
      for (const { payload } of decoder.push(chunk)) text += payload.toString()
    return text
  })
