import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import type { Digest, Image, ImageStore } from '../../image/image.ts'
import type { RootSpec } from '../../runtime/spec.ts'
import { type Key, noLayers, stackedOn } from '../key.ts'

/** A layer of a stage, so far. */
export interface StackLayer {
  readonly id: string
  /** Its directory. */
  readonly path: string
  /** RFC 3339 */
  readonly created: string
  /** Known once somebody has asked for it. */
  diffId(): Promise<Digest>
}

/** Layers, the lowest first. */
export interface Stack {
  readonly layers: readonly StackLayer[]
  readonly key: Key
}

export const emptyStack: Stack = { layers: [], key: noLayers }

export const withLayer = ({ layers, key }: Stack, layer: StackLayer): Stack => ({
  layers: [...layers, layer],
  key: stackedOn(key, layer.id),
})

/** For overlayfs: the uppermost first, each directory once. */
export const lowerdirsOf = ({ layers }: Stack): readonly string[] => [
  ...new Set(layers.toReversed().map(({ path }) => path)),
]

/** A root file system of these layers, with a new writable layer in `directory`, which is empty. */
export async function writableRoot(stack: Stack, directory: string): Promise<RootSpec> {
  const lowerdirs = lowerdirsOf(stack)
  const empty = join(directory, 'empty')
  const make = ['upper', 'work', ...(lowerdirs.length === 0 ? ['empty'] : [])]
  await Promise.all(make.map(name => mkdir(join(directory, name), { mode: 0o755 })))
  return { lowerdirs: lowerdirs.length > 0 ? lowerdirs : [empty], writableLayer: directory, readonly: false }
}

/** To look into the layers without mounting them. */
export const readableRoot = (stack: Stack): RootSpec => ({
  lowerdirs: lowerdirsOf(stack),
  writableLayer: '/nonexistent',
  readonly: true,
})

/** @throws TscomposeError BUILD_BASE_INVALID for a directory of this machine */
export function stackOfImage(image: Image, images: ImageStore): Stack {
  if (image.rootfs !== undefined)
    throw new TscomposeError('BUILD_BASE_INVALID', `${image.repoTags[0]} is a directory and cannot be built on`)
  const created = image.created.toISOString()
  return image.layers.reduce((stack, diffId) => {
    const directory = images.workshop.layer(diffId)?.directory
    if (directory === undefined) throw new TscomposeError('IMAGE_NOT_FOUND', `the image ${image.id} has been removed`)
    return withLayer(stack, { id: diffId, path: images.workshop.path(directory), created, diffId: async () => diffId })
  }, emptyStack)
}
