import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { newFilesystem } from './filesystem.ts'
import { type ImageFixture, imageFixture } from './image-fixture.ts'
import { dockerTool, type ImageTool, newRegistry, oursTool, skopeoTool } from './image-tools.ts'
import type { RivalOptions } from './rivals.ts'
import { elapsedMs, median, type Row } from './rows.ts'

/** What moving an image costs: pull, save and push, load and push; beside Docker, skopeo and tar. */

type Figures = Record<'pull' | 'save' | 'push' | 'load' | 'pushLoaded' | 'memory', number>
type NewTool = (options: RivalOptions) => Promise<ImageTool>

/** Docker takes minutes for one. */
const ROUNDS = { ours: 3, theirs: 1 }

/** @param debian the archive of the test image of that name */
export async function image(root: string, debian: string): Promise<readonly Row[]> {
  const fixture = await imageFixture(debian)
  await using source = await newRegistry()
  execFileSync('skopeo', [
    'copy',
    '-q',
    '--dest-tls-verify=false',
    `oci:${fixture.layout}:1`,
    `docker://${source.host}/bench:1`,
  ])
  const reference = `${source.host}/bench:1`
  const rounds = async (newTool: NewTool, count: number) => {
    const figures: Figures[] = []
    for (let round = 0; round < count; round++) figures.push(await measured(newTool, fixture, reference))
    return (key: keyof Figures) => median(figures.map(figure => figure[key]))
  }
  const tar: number[] = []
  for (let round = 0; round < ROUNDS.ours; round++) tar.push(await untar(fixture))
  const ours = await rounds(options => oursTool(root, options), ROUNDS.ours)
  const docker = await rounds(dockerTool, ROUNDS.theirs)
  const skopeo = await rounds(skopeoTool, ROUNDS.theirs)
  const row = (work: string, key: keyof Figures, goal: string, unit: 'ms' | 'MB' = 'ms'): Row => ({
    ...{ work, goal, unit, ours: ours(key), theirs: docker(key) },
  })
  const beside = (work: string, key: keyof Figures): Row => ({
    ...{ work, goal: 'faster', unit: 'ms', ours: ours(key), theirs: skopeo(key), rival: 'skopeo' },
  })
  const pull = 'pull of an image of 550 MB in 6 layers, unpacked'
  return [
    row(pull, 'pull', 'faster'),
    beside(pull, 'pull'),
    { ...beside(pull, 'pull'), goal: 'at least 0.8 x', theirs: median(tar), rival: 'tar -xz' },
    row('memory while it is pulled (PSS of the engine and its processes)', 'memory', 'under 200 MB', 'MB'),
    ...[row, beside].flatMap(compare => [
      compare('load of its archive', 'load', 'faster'),
      compare('save of it', 'save', 'faster'),
      compare('push of it as it was pulled, to another registry', 'push', 'faster'),
      compare('push of it as it was loaded', 'pushLoaded', 'faster'),
    ]),
  ]
}

/** One round of a tool. Each half begins with an empty store on a file system of its own. */
async function measured(newTool: NewTool, fixture: ImageFixture, reference: string): Promise<Figures> {
  const half = async <T>(work: (tool: ImageTool, dir: string, host: string) => Promise<T>): Promise<T> => {
    using filesystem = newFilesystem()
    await using target = await newRegistry()
    await using tool = await newTool({ parent: filesystem.path })
    return await work(tool, filesystem.path, target.host)
  }
  const timed = async (work: () => unknown) => {
    spawnSync('sync')
    return await elapsedMs(work)
  }
  const pulled = await half(async (tool, dir, host) => {
    const pull = await timed(() => tool.pull(reference))
    const save = await timed(() => tool.save(reference, join(dir, 'saved.tar')))
    await tool.tag(reference, `${host}/pulled:1`)
    return { pull, save, push: await timed(() => tool.push(`${host}/pulled:1`)) }
  })
  const loaded = await half(async (tool, _, host) => {
    const load = await timed(() => tool.load(fixture.archive))
    await tool.tag('bench:1', `${host}/loaded:1`)
    return { load, pushLoaded: await timed(() => tool.push(`${host}/loaded:1`)) }
  })
  const memory = await half(tool => peakMemoryMB(tool, () => tool.pull(reference)))
  return { ...pulled, ...loaded, memory }
}

async function untar({ layers }: ImageFixture): Promise<number> {
  using filesystem = newFilesystem()
  const directories = layers.map((_, index) => join(filesystem.path, String(index)))
  for (const directory of directories) mkdirSync(directory)
  spawnSync('sync')
  return await elapsedMs(() => {
    for (const [index, layer] of layers.entries())
      execFileSync('tar', ['-xzpf', layer, '-C', directories[index] ?? '', '--numeric-owner'])
  })
}

/** The most that the processes of a tool have at any of the moments at which it is looked. */
async function peakMemoryMB({ owns }: ImageTool, work: () => Promise<unknown>): Promise<number> {
  let peak = 0
  const timer = setInterval(() => {
    const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name) && owns(name))
    peak = Math.max(peak, pids.reduce((sum, pid) => sum + pssKB(pid), 0) / 1024)
  }, 50)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return peak
}

function pssKB(pid: string): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0 // it has ended
  }
}
