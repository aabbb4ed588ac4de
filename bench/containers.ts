import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from './api.ts'
import { project, services } from './projects.ts'
import type { Rival } from './rivals.ts'
import { elapsedMs, median, type Row, WARM_UP } from './rows.ts'

/** What running containers cost: a program run in one, a log written and read, health that is watched. */

async function call(rival: Rival, method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const { status, json } = await request(rival.socket, method, `/v1.41${path}`, body)
  if (status >= 400) throw new Error(`${rival.name}: ${method} ${path}: ${status} ${JSON.stringify(json)}`)
  return json
}

async function start(rival: Rival, name: string, container: object): Promise<string> {
  const body = { Image: 'busybox', ...container }
  const { Id } = await call(rival, 'POST', `/containers/create?name=${name}`, body)
  await call(rival, 'POST', `/containers/${Id}/start`)
  return String(Id)
}
const remove = (rival: Rival, id: string) => call(rival, 'DELETE', `/containers/${id}?force=1`)
const idle = { Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'none', Init: true } }

async function medianOf(runs: number, work: () => unknown): Promise<number> {
  for (let run = 0; run < WARM_UP; run++) await work()
  const times: number[] = []
  for (let run = 0; run < runs; run++) times.push(await elapsedMs(work))
  return median(times)
}

async function execThroughApi(rival: Rival, container: string): Promise<void> {
  const { Id } = await call(rival, 'POST', `/containers/${container}/exec`, { Cmd: ['true'], AttachStdout: true })
  await call(rival, 'POST', `/exec/${Id}/start`, { Detach: false })
  const { ExitCode } = await call(rival, 'GET', `/exec/${Id}/json`)
  if (ExitCode !== 0) throw new Error(`${rival.name}: exec ended with ${ExitCode}`)
}

/** `exec` of `true`, by the command line, for a container and for a service, and by the API. */
export async function exec([ours, theirs]: readonly [ours: Rival, theirs: Rival]): Promise<readonly Row[]> {
  const figures = async (rival: Rival) => {
    const dir = project(services(1))
    const container = `${basename(dir).toLowerCase()}-s0-1`
    const run = (program: string, ...args: string[]) =>
      execFileSync(program, args, { cwd: dir, env: rival.env, stdio: 'ignore' })
    const [compose = ''] = rival.compose
    run(compose, 'up', '-d')
    const [program = '', ...words] = rival.exec
    const cli = await medianOf(20, () => run(program, ...words, container, 'true'))
    const service = await medianOf(20, () => run(compose, 'exec', '-T', 's0', 'true'))
    const api = await medianOf(200, () => execThroughApi(rival, container)) // most of them with a warm engine
    run(compose, 'down')
    rmSync(dir, { recursive: true })
    return { cli, service, api }
  }
  const [mine, other] = [await figures(ours), await figures(theirs)]
  return [
    { work: 'container exec of true', goal: '2 times faster', unit: 'ms', ours: mine.cli, theirs: other.cli },
    {
      work: 'exec of true in a service',
      goal: '2 times faster',
      unit: 'ms',
      ours: mine.service,
      theirs: other.service,
    },
    { work: 'exec of true, API', goal: '20 times faster', unit: 'ms', ours: mine.api, theirs: other.api },
  ]
}

const LINES = 1_000_000
const BYTES = 100

/** A log of a million lines of 100 bytes, written by one container and read whole; not a line may be missing. */
export async function logs([ours, theirs]: readonly [ours: Rival, theirs: Rival]): Promise<readonly Row[]> {
  const figures = async (rival: Rival) => {
    const line = 'x'.repeat(BYTES - 1)
    let id = ''
    const write = await elapsedMs(async () => {
      id = await start(rival, 'bench-logs', {
        Cmd: ['sh', '-c', `yes ${line} | head -n ${LINES}`],
        // Both keep all of it.
        HostConfig: { NetworkMode: 'none', LogConfig: { Type: 'json-file', Config: { 'max-size': '1g' } } },
      })
      await call(rival, 'POST', `/containers/${id}/wait`)
    })
    let bytes = 0
    const read = await elapsedMs(async () => {
      bytes = await payloadOf(rival, `/v1.41/containers/${id}/logs?stdout=1`)
    })
    if (bytes !== LINES * BYTES) throw new Error(`${rival.name}: ${bytes} bytes of ${LINES * BYTES} are in the log`)
    await remove(rival, id)
    return { write, read }
  }
  const [mine, other] = [await figures(ours), await figures(theirs)]
  const work = (what: string) => `a log of 1,000,000 lines of 100 bytes ${what}`
  return [
    { work: work('written'), goal: '3 times faster', unit: 'ms', ours: mine.write, theirs: other.write },
    { work: work('read'), goal: 'as fast', unit: 'ms', ours: mine.read, theirs: other.read },
  ]
}

/** How many bytes the frames of a stream carry (Engine API, "Attach to a container"). */
function payloadOf({ socket: socketPath }: Rival, path: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const header = Buffer.alloc(8)
  let [inHeader, left, total] = [0, 0, 0]
  httpRequest({ socketPath, path }, response => {
    response.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; ) {
        if (left > 0) {
          const taken = Math.min(left, chunk.length - at)
          left -= taken
          total += taken
          at += taken
          continue
        }
        header[inHeader++] = chunk[at++] ?? 0
        if (inHeader < 8) continue
        left = header.readUInt32BE(4)
        inHeader = 0
      }
    })
    response.on('end', () => resolve(total))
    response.on('error', reject)
  })
    .on('error', reject)
    .end()
  return promise
}

const CONTAINERS = 50
const SECONDS = 10

/** The processor time of all of an engine's processes while it watches the health of many containers. */
export async function health([ours, theirs]: readonly [ours: Rival, theirs: Rival]): Promise<readonly Row[]> {
  const figure = async (rival: Rival) => {
    const Healthcheck = { Test: ['CMD', 'true'], Interval: 1e9, Timeout: 10e9, Retries: 3 }
    const ids: string[] = []
    for (let at = 0; at < CONTAINERS; at++) ids.push(await start(rival, `bench-health-${at}`, { ...idle, Healthcheck }))
    await sleep(3000)
    const before = processorMs(rival)
    await sleep(SECONDS * 1000)
    const used = (processorMs(rival) - before) / SECONDS
    await Promise.all(ids.map(id => remove(rival, id)))
    return used
  }
  const work = `processor time in each second for ${CONTAINERS} containers with a health check every second`
  return [{ work, goal: 'a fifth', unit: 'ms', ours: await figure(ours), theirs: await figure(theirs) }]
}

/** Of the processes of an engine and of the children that have ended, the probes themselves among them. */
function processorMs(rival: Rival): number {
  const ticks = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => rival.owns(pid))
    .map(name => {
      try {
        const fields = readFileSync(`/proc/${name}/stat`, 'latin1')
          .replace(/^.*\) /, '')
          .split(' ')
        return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0)
      } catch {
        return 0 // it has ended
      }
    })
  return ticks.reduce((sum, one) => sum + one, 0) * 10
}
