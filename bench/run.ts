/**
 * `npm run bench [-- NAME...]`: the same work by tscompose and by Docker, in one run, as ratios. A figure is the median
 * of its runs; a claim of README is a row here.
 */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { removeContainer, runToCompletion } from './api.ts'
import { buildImages } from './build.ts'
import { config } from './config.ts'
import { exec, health, logs } from './containers.ts'
import { cycles } from './cycles.ts'
import { image } from './image.ts'
import { network } from './network.ts'
import { chain, project, services, stubborn } from './projects.ts'
import { docker, type Rival, tscompose } from './rivals.ts'
import { elapsedMs, median, type Row, renderRow } from './rows.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

function compose(rival: Rival, dir: string, ...args: string[]): void {
  const [program = '', ...first] = rival.compose
  const { status, stderr } = spawnSync(program, [...first, ...args], { cwd: dir, env: rival.env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${rival.name}: ${args.join(' ')} exited with ${status}\n${stderr}`)
}

const archiveOf = (image: string): string =>
  spawnSync('test/images/build', [image], { cwd: root, encoding: 'utf8' }).stdout.trim()

/** Median of `runs` of `work`, each between `before` and `after`, which are not measured. */
async function measure(runs: number, work: () => unknown, before?: () => unknown, after?: () => unknown) {
  const figures: number[] = []
  for (let run = 0; run < runs; run++) {
    await before?.()
    figures.push(await elapsedMs(work))
    await after?.()
  }
  return median(figures)
}

async function inProject<T>(yaml: string, use: (dir: string) => Promise<T>): Promise<T> {
  const dir = project(yaml)
  try {
    return await use(dir)
  } finally {
    rmSync(dir, { recursive: true })
  }
}

type Benchmark = (rivals: readonly [ours: Rival, theirs: Rival]) => Promise<readonly Row[]>

/** One figure for both engines. */
const compare =
  (work: string, goal: string, figure: (rival: Rival) => Promise<number>): Benchmark =>
  async ([ours, theirs]) => [{ work, goal, unit: 'ms', ours: await figure(ours), theirs: await figure(theirs) }]

const benchmarks: Record<string, Benchmark> = {
  container: compare(
    'create, start and exit of a busybox container through the API',
    '20 times faster',
    async ({ socket }) => {
      // An engine that has just started is not what people work with: its code has not been compiled yet.
      for (let run = 0; run < 200; run++) await removeContainer(socket, await runToCompletion(socket))
      let id = ''
      const run = async () => {
        id = await runToCompletion(socket)
      }
      return await measure(50, run, undefined, () => removeContainer(socket, id))
    },
  ),

  up20: upAndDown(20),
  up50: upAndDown(50),

  stubborn: compare('down of 5 services that ignore SIGTERM as process 1', 'under 500 ms', rival =>
    inProject(stubborn(5), dir =>
      measure(
        rival.name === 'docker' ? 1 : 5,
        () => compose(rival, dir, 'down'),
        () => compose(rival, dir, 'up', '-d'),
      ),
    ),
  ),

  chain: compare('up --wait of a chain of 5, each ready 0.5 s after its start', 'under 3000 ms', rival =>
    inProject(rival.name === 'docker' ? chain(5, 0.5).replaceAll('30s', '1s') : chain(5, 0.5), dir =>
      measure(
        rival.name === 'docker' ? 1 : 3,
        () => compose(rival, dir, 'up', '--wait'),
        undefined,
        () => compose(rival, dir, 'down'),
      ),
    ),
  ),

  config: ([ours, theirs]) => {
    const loader = (rival: Rival) => ({
      name: rival.name,
      config: (dir: string) => compose(rival, dir, 'config'),
    })
    return config([loader(ours), loader(theirs)], inProject)
  },

  network: rivals => network(rivals, archiveOf('debian')),

  build: rivals => buildImages(rivals, archiveOf('alpine')),
  image: () => image(root, archiveOf('debian')),

  exec,
  logs,
  cycles,
  health,

  idle: async ([ours]) =>
    inProject(services(20), async dir => {
      compose(ours, dir, 'up', '-d')
      await sleep(3000)
      const memory = ownMemoryMB(ours)
      compose(ours, dir, 'down')
      return [
        {
          work: 'memory of all our processes with 20 idle containers (PSS)',
          goal: 'under 110 MB',
          unit: 'MB',
          ours: memory,
        },
      ]
    }),
}

function upAndDown(count: number): Benchmark {
  return async rivals =>
    inProject(services(count), async dir => {
      const figures = []
      for (const rival of rivals) {
        const up: number[] = []
        const down: number[] = []
        const noop: number[] = []
        const ps: number[] = []
        for (let run = 0; run < (rival.name === 'docker' ? 2 : 5); run++) {
          up.push(await elapsedMs(() => compose(rival, dir, 'up', '-d')))
          noop.push(await elapsedMs(() => compose(rival, dir, 'up', '-d')))
          ps.push(await elapsedMs(() => compose(rival, dir, 'ps')))
          down.push(await elapsedMs(() => compose(rival, dir, 'down')))
        }
        figures.push({ up: median(up), down: median(down), noop: median(noop), ps: median(ps) })
      }
      const [ours, theirs] = figures
      if (!ours || !theirs) return []
      const row = (work: string, goal: string, key: 'up' | 'down' | 'noop' | 'ps'): Row => ({
        work: `${work}, ${count} services`,
        goal,
        unit: 'ms',
        ours: ours[key],
        theirs: theirs[key],
      })
      return [
        row('up -d', '10 times faster', 'up'),
        row('up -d with nothing to do', 'under 120 ms', 'noop'),
        row('ps', 'under 100 ms', 'ps'),
        row('down', '8 times faster', 'down'),
      ]
    })
}

/** PSS of the engine, the monitors and the inits: everything that names our run-time directory or lives for it. */
function ownMemoryMB(rival: Rival): number {
  const marker = rival.env.TSCOMPOSE_RUN ?? ''
  const kilobytes = globSync('/proc/[0-9]*').map(dir => {
    try {
      const ours = /tscompose-mon|^init/.test(readFileSync(`${dir}/comm`, 'utf8'))
      const engine = readFileSync(`${dir}/environ`, 'utf8').includes(`TSCOMPOSE_RUN=${marker}`)
      if (!ours && !engine) return 0
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`${dir}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
    } catch {
      return 0
    }
  })
  return kilobytes.reduce((sum, kb) => sum + kb, 0) / 1024
}

const wanted = process.argv.slice(2)
const unknown = wanted.find(name => !(name in benchmarks))
if (unknown !== undefined) {
  console.error(`no benchmark "${unknown}": one of ${Object.keys(benchmarks).join(', ')}`)
  process.exit(2)
}
await using ours = await tscompose(root)
await using theirs = await docker()
for (const rival of [ours, theirs]) rival.load(archiveOf('busybox'))
console.log('| work | tscompose | docker | ratio | goal |\n| --- | --- | --- | --- | --- |')
for (const [name, benchmark] of Object.entries(benchmarks))
  if (wanted.length === 0 || wanted.includes(name))
    for (const row of await benchmark([ours, theirs])) console.log(renderRow(row))
