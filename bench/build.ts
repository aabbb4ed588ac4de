import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Rival } from './rivals.ts'
import { elapsedMs, median, type Row } from './rows.ts'

/** What builds an image of the directory that it is started in: a program and its arguments. */
interface Builder {
  readonly name: string
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

const RUNS = 7

/** Ten steps; what is copied in the middle is what changes. */
const tenSteps = `FROM alpine
WORKDIR /app
RUN echo one > /one
RUN echo two > /two
COPY src/ src/
RUN cat src/* > all
ENV STAGE=production
RUN echo three > /three
RUN echo four > /four
LABEL kept=yes
CMD ["cat", "all"]
`

/** Work for a processor each, which does not depend on the other's. */
const twoStages = `FROM alpine AS first
RUN dd if=/dev/zero bs=1M count=100 | sha256sum > /sum; for i in $(seq 200); do echo $i > /file$i; done
FROM alpine AS second
RUN dd if=/dev/zero bs=1M count=100 | sha256sum > /sum; for i in $(seq 200); do echo $i > /file$i; done
FROM alpine
COPY --from=first / /first/
COPY --from=second / /second/
RUN cat /first/sum /second/sum > /sums
`

function context(dockerfile: string): string {
  const dir = mkdtempSync('/tmp/tsbench-build-')
  mkdirSync(join(dir, 'src'))
  for (let file = 0; file < 200; file++) writeFileSync(join(dir, `src/file${file}`), `file ${file}\n`)
  writeFileSync(join(dir, 'Dockerfile'), dockerfile)
  return dir
}

function build({ name, command: [program = '', ...first], env }: Builder, dir: string, ...flags: string[]): void {
  const { status, stderr } = spawnSync(program, [...first, ...flags, '.'], { cwd: dir, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name}: the build exited with ${status}\n${stderr}`)
}

/** The builders take turns, so that whatever else the machine does meets both. */
async function inTurns(
  builders: readonly Builder[],
  dir: string,
  { flags = [], before }: { readonly flags?: readonly string[]; readonly before?: (run: number) => void },
): Promise<readonly number[]> {
  const figures: number[][] = builders.map(() => [])
  for (let run = 0; run < RUNS; run++) {
    for (const [index, builder] of builders.entries()) {
      before?.(run)
      figures[index]?.push(await elapsedMs(() => build(builder, dir, ...flags)))
    }
  }
  return figures.map(median)
}

/** Builds by tscompose and by BuildKit through Docker's own command line, and one by buildah. */
export async function buildImages([ours, theirs]: readonly [Rival, Rival], archive: string): Promise<readonly Row[]> {
  for (const rival of [ours, theirs]) rival.load(archive)
  const builders: Builder[] = [ours, theirs].map(({ name, imageBuild, env }) => ({
    name,
    command: [...imageBuild, '-q', '-t', 'bench'],
    env: { ...env, DOCKER_BUILDKIT: '1' },
  }))
  const rows: Row[] = []
  const row = (work: string, goal: string, [ours = Number.NaN, theirs]: readonly number[]) =>
    rows.push({ work, goal, unit: 'ms', ours, ...(theirs !== undefined && { theirs }) })
  const dir = context(tenSteps)
  const cold = context(twoStages)
  await using store = buildahStore(archive)
  const buildah: Builder = { name: 'buildah', command: store.command, env: process.env }
  try {
    for (const builder of [...builders, buildah]) build(builder, dir)
    row('build of 10 steps with nothing to do, beside BuildKit', 'no slower', await inTurns(builders, dir, {}))
    const [first] = builders
    if (first) row('the same, beside buildah', 'no slower', await inTurns([first, buildah], dir, {}))
    const change = () => writeFileSync(join(dir, 'src/file7'), String(Math.random()))
    row('build after one source file changed', '1.4 times faster', await inTurns(builders, dir, { before: change }))
    row(
      'build of two independent stages from nothing',
      'no slower',
      await inTurns(builders, cold, { flags: ['--no-cache'] }),
    )
  } finally {
    for (const path of [dir, cold]) rmSync(path, { recursive: true, force: true })
  }
  return rows
}

/** A store of its own for buildah, with the base image in it. */
function buildahStore(archive: string): AsyncDisposable & { readonly command: readonly string[] } {
  const dir = mkdtempSync('/tmp/tsbench-buildah-')
  const policy = join(dir, 'policy.json')
  writeFileSync(policy, '{"default":[{"type":"insecureAcceptAnything"}]}')
  const store = ['--root', join(dir, 'root'), '--runroot', join(dir, 'run')]
  const { status, stderr } = spawnSync(
    'buildah',
    [...store, 'pull', '--signature-policy', policy, `docker-archive:${archive}:docker.io/library/alpine:latest`],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`buildah: ${stderr}`)
  return {
    command: [
      'buildah',
      ...store,
      'build',
      '--layers',
      '--pull-never',
      '-q',
      '-t',
      'bench',
      '--signature-policy',
      policy,
    ],
    async [Symbol.asyncDispose]() {
      spawnSync('buildah', [...store, 'rmi', '--all', '--force'])
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
