import type { Where } from '../../errors.ts'
import type { Image } from '../../image/image.ts'
import { layoutArchive } from '../../image/load/layout-archive.ts'
import { canonicalName, parseReference } from '../../image/reference.ts'
import { emptyDestination } from '../copy/destination.ts'
import { planCopy } from '../copy/plan.ts'
import { writeLayer } from '../copy/write.ts'
import type { Origin } from '../dockerfile/stage-graph.ts'
import { keyOf } from '../key.ts'
import type { Build } from './build.ts'
import { emptyStack, type Stack, withLayer } from './stack.ts'
import { toStackLayer } from './step-layer.ts'

type Base = Extract<Origin, { kind: 'image' | 'context' }>

/** What progress calls a base that is no stage. */
export function nameOfBase(build: Build, base: Base): string {
  const reference = base.kind === 'image' ? base.reference : referenceOf(build, base.name)
  return reference === undefined
    ? `context ${base.kind === 'context' ? base.name : ''}`
    : canonicalName(parseReference(reference))
}

function referenceOf(build: Build, name: string): string | undefined {
  const named = build.plan.request.contexts.get(name)
  return named?.kind === 'image' ? named.reference : undefined
}

/** The image behind a base; undefined for a context that is nothing but files. */
export async function imageOfBase(build: Build, base: Base): Promise<Image | undefined> {
  if (base.kind === 'image') return await build.image(base.reference, base.platform)
  const named = build.plan.request.contexts.get(base.name)
  if (named?.kind === 'image') return await build.image(named.reference, base.platform)
  return named?.kind === 'layout' ? await build.layoutImage(base.name) : undefined
}

/** An image out of an OCI layout. It has no name here, and goes with the build unless it was here before. */
export async function loadLayout(build: Build, name: string): Promise<Image> {
  const named = build.plan.request.contexts.get(name)
  if (named?.kind !== 'layout') throw new TypeError(`the context ${name} is no layout`)
  const { images } = build.around
  return await build.progress.during(`[context ${name}] load ${named.directory}`, async () => {
    const archive = await layoutArchive(named.directory, named)
    const { platform, isPlatformAsked } = build.plan
    const until = build.hold(new AsyncDisposableStack())
    const options = { until, ...(isPlatformAsked && { platform }) }
    const [image] = await images.load(archive, () => {}, build.signal, options)
    if (!image) throw new TypeError('an archive without an image was loaded')
    await build.lease.hold(image.layers)
    return image
  })
}

/** A stage that is based on a directory has its files as the first layer. */
export async function stackOfFiles(
  build: Build,
  base: Extract<Base, { kind: 'context' }>,
  where: Where,
): Promise<Stack> {
  const tree = await build.tree(base)
  const { matches, digest } = await tree.select({ sources: ['.'], excludes: [], parents: false }, build.signal)
  const { epoch } = build.plan
  const key = keyOf('FILES', { digest, epoch })
  const known = build.session.take(key)
  if (known) return withLayer(emptyStack, toStackLayer(build, { layer: known, isNew: false }))
  const time = epoch === undefined ? undefined : BigInt(epoch) * 1_000_000_000n
  const { entries } = planCopy(
    {
      sources: matches.map(match => ({ kind: 'match', tree, match })),
      directory: true,
      target: '/',
      parents: false,
      where,
      now: time ?? 0n,
      ...(time !== undefined && { mtime: time }),
    },
    emptyDestination,
  )
  const { workshop } = build.around.images
  const { directory, size, blob } = await writeLayer(workshop, build.lease, { entries, archives: [] }, build.signal)
  const created = new Date(epoch === undefined ? 0 : epoch * 1000).toISOString()
  const about = { parent: emptyStack.key, keyword: 'FROM', text: base.name, variables: {}, files: {} }
  const archive = { digest: blob.digest, size: blob.size }
  const record = { key, id: blob.digest, directory, size, created, used: Date.now(), uses: 0, about, archive }
  return withLayer(emptyStack, toStackLayer(build, { layer: await build.session.add(record), isNew: true }))
}
