import { messageOf } from '../../errors.ts'
import type { Image, Platform } from '../../image/image.ts'
import { layoutArchive } from '../../image/load/layout-archive.ts'
import { hostPlatform } from '../../image/platform.ts'
import { parseReference } from '../../image/reference.ts'
import type { Step } from '../progress.ts'
import type { Build } from '../solve/build.ts'
import { stepsOf } from './document.ts'
import type { CacheSource } from './spec.ts'

/** Takes the steps of other machines' caches into our own. One that cannot be had is no reason not to build. */
export async function importCaches(build: Build): Promise<void> {
  await Promise.all(build.plan.request.cacheFrom.map(source => importCache(build, source)))
}

async function importCache(build: Build, source: CacheSource): Promise<void> {
  const name = source.type === 'local' ? source.directory : source.reference
  try {
    await build.progress.during(`importing cache from ${name}`, async step => {
      const { images } = build.around
      if (source.type === 'registry' && source.mayBeHere) {
        const here = (await images.find(source.reference, build.plan.platform)) ?? (await images.find(source.reference))
        if (here) return await takeSteps(build, here, step)
      }
      await withImage(build, source, image => takeSteps(build, image, step))
    })
  } catch (error) {
    build.signal.throwIfAborted()
    build.progress.warn({ message: `nothing is taken from the cache ${name}: ${messageOf(error)}` })
  }
}

/** Has the image of a cache in the store for a moment, without a name and without a trace afterwards. */
async function withImage(build: Build, source: CacheSource, use: (image: Image) => Promise<void>): Promise<void> {
  const { images } = build.around
  const { signal } = build
  await using until = new AsyncDisposableStack()
  if (source.type === 'local') {
    const { directory, tag, digest } = source
    const archive = await layoutArchive(directory, { ...(tag && { tag }), ...(digest && { digest }) })
    const [image] = await images.load(archive, () => {}, signal, { until })
    if (image) await use(image)
    return
  }
  const auth = await build.plan.request.logins.get(parseReference(source.reference).domain)
  // What is nothing but a cache is made for no platform of anybody's: its own will do.
  const pull = (platform: Platform) => images.pull(source.reference, { platform, until, ...(auth && { auth }) }, signal)
  const image = await pull(build.plan.platform).catch(error => {
    if (error.code !== 'IMAGE_PLATFORM_MISSING') throw error
    return pull(hostPlatform)
  })
  await use(image)
}

async function takeSteps(build: Build, image: Image, step: Step): Promise<void> {
  const { cache, images } = build.around
  const { workshop } = images
  const steps = stepsOf(await workshop.configuration(image.id))
  if (!steps) throw new Error('it holds no steps of a build')
  let taken = 0
  for (const { key, id, created, diffId } of steps) {
    const layer = workshop.layer(diffId)
    if (!layer || cache.find(key)) continue
    const { directory, size, blob } = layer
    const archive = { digest: diffId, size: blob.size, blob }
    const about = { parent: '', keyword: '', text: '', variables: {}, files: {} }
    await build.session.add({ key, id, directory, size, created, used: Date.now(), uses: 0, about, archive })
    taken++
  }
  step.log('stderr', `${taken} of ${steps.length} steps are new here`)
}
