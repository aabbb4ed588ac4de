import { execFile, spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay, setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { request } from './api.ts'
import type { Rival } from './rivals.ts'
import { elapsedMs, median, type Row } from './rows.ts'

/** What networks cost: in a start, in a lookup, in a stream, in a removal. */

const client = fileURLToPath(new URL('network-client.ts', import.meta.url))
const run = promisify(execFile)

async function call(rival: Rival, method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const { status, json } = await request(rival.socket, method, `/v1.41${path}`, body)
  if (status >= 400) throw new Error(`${rival.name}: ${method} ${path}: ${status} ${JSON.stringify(json)}`)
  return json
}

const newNetwork = (rival: Rival, Name: string) => call(rival, 'POST', '/networks/create', { Name })
const dropNetwork = (rival: Rival, name: string) => call(rival, 'DELETE', `/networks/${name}`)
const dropContainer = (rival: Rival, id: string) => call(rival, 'DELETE', `/containers/${id}?force=1`)

async function newContainer(
  rival: Rival,
  name: string,
  network: string,
  ports: readonly number[] = [],
): Promise<string> {
  const PortBindings = Object.fromEntries(ports.map(port => ['80/tcp', [{ HostPort: String(port) }]]))
  const { Id } = await call(rival, 'POST', `/containers/create?name=${name}`, {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    ExposedPorts: { '80/tcp': {} }, // without which Docker publishes nothing
    HostConfig: { NetworkMode: network, Init: true, PortBindings },
  })
  return String(Id)
}
const start = (rival: Rival, id: string) => call(rival, 'POST', `/containers/${id}/start`)

interface Inspected {
  readonly State: { readonly Pid: number }
  readonly NetworkSettings: { readonly Networks: Record<string, { readonly IPAddress: string }> }
}
const inspect = async (rival: Rival, id: string) =>
  (await call(rival, 'GET', `/containers/${id}/json`)) as unknown as Inspected
const addressOf = ({ NetworkSettings }: Inspected) => Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? ''

const inside = (pid: number, ...args: string[]): [string, string[]] => [
  'nsenter',
  ['-t', String(pid), '-n', process.execPath, client, ...args],
]

/** What starting costs with a network and a published port, and without: the difference is the network's part. */
async function networkPart(rival: Rival, runs: number): Promise<number> {
  const figures = async (network: string, ports: readonly number[]) => {
    const times: number[] = []
    for (let i = 0; i < runs; i++) {
      const id = await newContainer(rival, `bench-part-${i}`, network, ports)
      times.push(await elapsedMs(() => start(rival, id)))
      await dropContainer(rival, id)
      await delay(100) // the devices of the last one go behind it, and would be counted with the next
    }
    return median(times)
  }
  await newNetwork(rival, 'bench-part')
  const [alone, connected] = [await figures('none', []), await figures('bench-part', [23999])]
  await dropNetwork(rival, 'bench-part')
  return connected - alone
}

/** How many of fresh containers do not answer within half a second to who contacts them at once. */
async function stalls(rival: Rival, count: number): Promise<number> {
  await newNetwork(rival, 'bench-stall')
  let stalled = 0
  for (let i = 0; i < count; i++) {
    const id = await newContainer(rival, 'bench-stall', 'bench-stall')
    await start(rival, id)
    const address = addressOf(await inspect(rival, id))
    // Nobody listens there, so the answer is a refusal; what counts is that it comes at once.
    const ms = await elapsedMs(
      () => new Promise(resolve => connect(80, address).on('error', resolve).on('connect', resolve)),
    )
    if (ms > 500) stalled++
    await dropContainer(rival, id)
  }
  await dropNetwork(rival, 'bench-stall')
  return stalled
}

/** Starts 100 containers on one network, and compares the last twenty with the first. */
async function growth(rival: Rival): Promise<number> {
  await newNetwork(rival, 'bench-growth')
  const ids: string[] = []
  const times: number[] = []
  for (let i = 0; i < 100; i++) {
    const id = await newContainer(rival, `bench-growth-${i}`, 'bench-growth')
    ids.push(id)
    times.push(await elapsedMs(() => start(rival, id)))
  }
  await Promise.all(ids.map(id => dropContainer(rival, id)))
  await dropNetwork(rival, 'bench-growth')
  return median(times.slice(-20)) / median(times.slice(0, 20))
}

interface Lookups {
  readonly p50: number
  readonly perSecond: number
  readonly p99: number
}

/** By dnsperf(1) of the Debian package, which is faster than any server: ten clients that have 64 queries open. */
async function lookupsPerSecond(pid: number, name: string): Promise<number> {
  const queries = `/tmp/tsbench-queries-${process.pid}`
  writeFileSync(queries, `${name} A\n`)
  try {
    const load = ['-s', '127.0.0.11', '-d', queries, '-l', '3', '-c', '10', '-q', '64']
    const { stdout } = await run('nsenter', ['-t', String(pid), '-n', 'dnsperf', ...load])
    return Number(/Queries per second:\s+([\d.]+)/.exec(stdout)?.[1])
  } finally {
    rmSync(queries)
  }
}

async function lookups(rival: Rival, archive: string): Promise<Lookups> {
  await newNetwork(rival, 'bench-dns')
  const [one, other] = [
    await newContainer(rival, 'bench-dns-a', 'bench-dns'),
    await newContainer(rival, 'bench-dns-b', 'bench-dns'),
  ]
  for (const id of [one, other]) await start(rival, id)
  const { State } = await inspect(rival, one)
  const ask = async (queries: number, outstanding: number): Promise<Lookups> =>
    JSON.parse((await run(...inside(State.Pid, 'dns', 'bench-dns-b', String(queries), String(outstanding)))).stdout)
  await ask(2000, 4)
  const rounds = []
  for (let round = 0; round < 3; round++)
    rounds.push({ slow: await ask(5000, 1), perSecond: await lookupsPerSecond(State.Pid, 'bench-dns-b') })
  const busy = rival.loading(archive)
  const meanwhile = await ask(4000, 1)
  await busy
  for (const id of [one, other]) await dropContainer(rival, id)
  await dropNetwork(rival, 'bench-dns')
  return {
    p50: median(rounds.map(({ slow }) => slow.p50)),
    perSecond: median(rounds.map(({ perSecond }) => perSecond)),
    p99: meanwhile.p99,
  }
}

/** Gbit/s between two containers, and from the host by 127.0.0.1 and a published port. */
async function throughput(rival: Rival): Promise<{ readonly between: number; readonly published: number }> {
  await newNetwork(rival, 'bench-tcp')
  const one = await newContainer(rival, 'bench-tcp-a', 'bench-tcp', [23998])
  const other = await newContainer(rival, 'bench-tcp-b', 'bench-tcp')
  for (const id of [one, other]) await start(rival, id)
  const [server, sender] = [await inspect(rival, one), await inspect(rival, other)]
  const sink = spawn(...inside(server.State.Pid, 'sink', '80'), { stdio: 'ignore' })
  await answering(addressOf(server))
  const send = async (...command: [string, string[]]): Promise<number> => {
    const figures = []
    for (let round = 0; round < 3; round++)
      figures.push((JSON.parse((await run(...command)).stdout) as { gigabits: number }).gigabits)
    return median(figures)
  }
  const between = await send(...inside(sender.State.Pid, 'source', addressOf(server), '80', '2'))
  const published = await send(process.execPath, [client, 'source', '127.0.0.1', '23998', '2'])
  sink.kill()
  for (const id of [one, other]) await dropContainer(rival, id)
  await dropNetwork(rival, 'bench-tcp')
  return { between, published }
}

async function answering(address: string): Promise<void> {
  const tried = () =>
    new Promise<boolean>(resolve => {
      const socket = connect(80, address, () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
  while (!(await tried())) await sleep(20)
}

/** Takes 20 containers off 50 networks, with 200 endpoints in all, and removes the networks. */
async function removal(rival: Rival): Promise<number> {
  const networks = Array.from({ length: 50 }, (_, i) => `bench-many-${i}`)
  for (const name of networks) await newNetwork(rival, name)
  const ids: string[] = []
  for (let i = 0; i < 20; i++) {
    const on = (n: number) => networks[(i * 10 + n) % 50] ?? ''
    const id = await newContainer(rival, `bench-many-${i}`, on(0))
    for (let n = 1; n < 10; n++) await call(rival, 'POST', `/networks/${on(n)}/connect`, { Container: id })
    await start(rival, id)
    ids.push(id)
  }
  return await elapsedMs(async () => {
    await Promise.all(ids.map(id => dropContainer(rival, id)))
    await Promise.all(networks.map(name => dropNetwork(rival, name)))
  })
}

/** Docker's pools hold 31 networks, so it cannot be asked for 50. */
export async function network([ours, theirs]: readonly [Rival, Rival], archive: string): Promise<readonly Row[]> {
  const row = (work: string, goal: string, unit: Row['unit'], figures: readonly [number, number?]): Row => ({
    work,
    goal,
    unit,
    ours: figures[0],
    ...(figures[1] !== undefined && { theirs: figures[1] }),
  })
  const part = [await networkPart(ours, 30), await networkPart(theirs, 8)] as const
  const [names, theirNames] = [await lookups(ours, archive), await lookups(theirs, archive)]
  const [stream, theirStream] = [await throughput(ours), await throughput(theirs)]
  return [
    row('network part of a start: namespace, address, names, one port', 'under 6 ms', 'ms', part),
    row('1,000 fresh containers contacted at once: stalls', 'none', '', [await stalls(ours, 1000)]),
    row('start on a network with 80 to 100 containers, to that with 0 to 20', 'linear', '', [await growth(ours)]),
    row('name lookup, p50', 'as Docker', 'ms', [names.p50, theirNames.p50]),
    row('name lookups a second, 64 at a time', '1.5 times', '/s', [names.perSecond, theirNames.perSecond]),
    row('name lookup while an image is loaded, p99', 'under 2 ms', 'ms', [names.p99, theirNames.p99]),
    row('container to container', 'as Docker', 'Gbit/s', [stream.between, theirStream.between]),
    row('host to 127.0.0.1 and a published port', 'as Docker', 'Gbit/s', [stream.published, theirStream.published]),
    row('removal of 50 networks with 200 endpoints', 'under 2 s', 'ms', [await removal(ours)]),
  ]
}
