import { posix } from 'node:path'
import { readRootFile } from '../../runtime/rootfs/root-files.ts'
import { resolveUser } from '../../runtime/user.ts'
import { destinationIn, emptyDestination } from '../copy/destination.ts'
import { type CopySource, planCopy } from '../copy/plan.ts'
import { writeLayer } from '../copy/write.ts'
import type { AddStep, CopyStep, PathSource } from '../dockerfile/step.ts'
import { keyOf, noLayers } from '../key.ts'
import { fetchSources } from './add-sources.ts'
import type { Build } from './build.ts'
import { lowerdirsOf, readableRoot } from './stack.ts'
import { lastCreated, type StageState } from './stage.ts'
import { filesOf } from './step-files.ts'
import { layerOf, type MadeLayer, type NewLayer } from './step-layer.ts'

/** COPY and ADD: a layer with the files that they name, in the place that they name. */
export async function copyStep(build: Build, state: StageState, step: CopyStep | AddStep): Promise<MadeLayer> {
  const { stack, stage, node } = state
  const from = step.keyword === 'COPY' ? step.from : undefined
  const tree = await build.tree(from === undefined ? undefined : node.origins.get(from))
  const paths = (step.sources as AddStep['sources']).filter((source): source is PathSource => source.kind === 'path')
  const parents = step.keyword === 'COPY' && step.parents
  const { excludes, chmod, link } = step
  const request = { sources: paths, excludes, parents, where: step.instruction.where }
  const selection = paths.length > 0 ? await tree.select(request, build.signal) : undefined
  const { matches, fetched } = await fetchSources(build, step, selection, tree)
  const target = targetOf(step.target, stage.config.WorkingDir ?? '/')
  const owner = step.chown === undefined ? undefined : ownerOf(step.chown, state)
  const parent = link ? noLayers : stack.key
  const key = keyOf(step.keyword, {
    parent,
    link,
    target,
    owner,
    chmod,
    parents,
    files: selection?.digest,
    fetched: fetched.map(({ identity }) => identity),
    epoch: build.plan.epoch,
  })
  const about = {
    parent: stack.key,
    keyword: step.keyword,
    text: step.shown,
    variables: {},
    files: {
      ...filesOf(selection),
      ...Object.fromEntries(fetched.map(({ name, identity }) => [name, identity.slice(0, 16)])),
    },
  }
  const make = async (_: unknown, signal: AbortSignal): Promise<NewLayer> => {
    const epoch = build.plan.epoch === undefined ? undefined : BigInt(build.plan.epoch) * 1_000_000_000n
    const matched = matches.map((match): CopySource => ({ kind: 'match', tree, match }))
    const plan = planCopy(
      {
        sources: [...matched, ...fetched.flatMap(({ sources }) => sources)],
        directory: fetched.some(({ archives }) => archives.length > 0),
        target,
        parents,
        now: epoch ?? BigInt(Date.parse(lastCreated(state))) * 1_000_000n,
        where: step.instruction.where,
        ...(owner && { owner }),
        ...(chmod && { chmod }),
        ...(epoch !== undefined && { mtime: epoch }),
      },
      link ? emptyDestination : destinationIn(lowerdirsOf(stack)),
    )
    const archives = fetched.flatMap(source => source.archives.map(archive => ({ archive, target: plan.target })))
    const layer = await writeLayer(
      build.around.images.workshop,
      build.lease,
      { entries: plan.entries, archives, ...(build.plan.epoch !== undefined && { latest: build.plan.epoch }) },
      signal,
    )
    const { directory, size, blob } = layer
    return { id: blob.digest, directory, size, archive: { digest: blob.digest, size: blob.size } }
  }
  return await layerOf(build, state, { step, key, about, make })
}

/** Absolute; with a slash at its end where it names a directory. */
export function targetOf(target: string, workingDirectory: string): string {
  const path = posix.resolve('/', workingDirectory, target)
  return path !== '/' && /(^|\/)\.{0,2}$/.test(target) ? `${path}/` : path
}

/** `user:group` by the image's own /etc/passwd and /etc/group; a uid alone stands for the gid, too. */
function ownerOf(chown: string, { stack }: StageState): { uid: number; gid: number } {
  const root = readableRoot(stack)
  const text = /^\d+$/.test(chown) ? `${chown}:${chown}` : chown
  const { uid, gid } = resolveUser(text, [], path => readRootFile(root, path)?.toString())
  return { uid, gid }
}
