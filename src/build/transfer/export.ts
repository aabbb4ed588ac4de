import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf } from '../../errors.ts'
import type { Digest } from '../../image/image.ts'
import { hostPlatform } from '../../image/platform.ts'
import { parseReference } from '../../image/reference.ts'
import { unpackArchive } from '../context/archive.ts'
import type { Build } from '../solve/build.ts'
import { cacheConfiguration, type TransferredStep } from './document.ts'
import type { CacheTarget } from './spec.ts'

type Elsewhere = Exclude<CacheTarget, { type: 'inline' }>

/** Leaves the steps of a build, for all its platforms, where other machines find them. */
export async function exportCaches(builds: readonly Build[]): Promise<void> {
  const [build] = builds
  if (!build) return
  const targets = build.plan.request.cacheTo.filter(target => target.type !== 'inline')
  for (const target of targets) {
    const name = target.type === 'local' ? target.directory : target.reference
    try {
      await build.progress.during(`exporting cache to ${name}`, () => exportCache(build, builds, target))
    } catch (error) {
      build.signal.throwIfAborted()
      if (!target.mayFail) throw error
      build.progress.warn({ message: `the cache was not left at ${name}: ${messageOf(error)}` })
    }
  }
}

/** The steps that builds have come through, with the digests of their layers. */
export async function transferredSteps(builds: readonly Build[], all: boolean): Promise<readonly TransferredStep[]> {
  const steps = await Promise.all(
    builds.flatMap(build =>
      build.layers
        .filter(({ stage }) => all || build.isOfImage(stage))
        .map(async ({ layer }) => {
          const diffId = await build.around.cache.diffId(layer, build.plan.epoch)
          const { key, id, created } = layer.record
          return { key, id, created, diffId }
        }),
    ),
  )
  return [...new Map(steps.map(step => [step.key, step])).values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

async function exportCache(build: Build, builds: readonly Build[], target: Elsewhere): Promise<void> {
  const { images } = build.around
  const configuration = cacheConfiguration(await transferredSteps(builds, target.all), hostPlatform)
  // Not one that lasts: whatever ends this build, nobody is to find an image without a name.
  await using passing = await images.workshop.addPassingImage({ configuration })
  const { id } = passing.image
  if (target.type === 'local') return await writeLayout(build, id, target.directory)
  const auth = await build.plan.request.logins.get(parseReference(target.reference).domain)
  await images.push(target.reference, { image: id, ...(auth && { auth }) }, build.signal)
}

/** An OCI layout in the place of an earlier one; it is whole whenever somebody reads it. */
async function writeLayout(build: Build, id: Digest, directory: string): Promise<void> {
  const made = `${directory}.tscompose-partial`
  const old = `${directory}.tscompose-old`
  await mkdir(dirname(directory), { recursive: true })
  for (const path of [made, old]) await rm(path, { recursive: true, force: true })
  try {
    await mkdir(made, { mode: 0o755 })
    const archive = await build.around.images.save([id])
    await unpackArchive(archive, made, await build.newDirectory(), build.signal)
    await rename(directory, old).catch(error => {
      if (error.code !== 'ENOENT') throw error
    })
    await rename(made, directory)
  } finally {
    for (const path of [made, old]) await rm(path, { recursive: true, force: true })
  }
}
