import { isDigest } from '../../image/digest.ts'
import type { Digest } from '../../image/image.ts'
import type { CacheRecord } from '../cache/record.ts'
import type { Key } from '../key.ts'

/**
 * What other machines need to know of a step to take its layer for their own: nothing of what went into it, which the
 * key stands for and nobody else needs to read.
 */
export interface TransferredStep extends Pick<CacheRecord, 'key' | 'id' | 'created'> {
  readonly diffId: Digest
}

/**
 * The field of an image configuration that holds the steps. A cache by itself is an image, too, that is made of the layers
 * of its steps; so it goes wherever images go, and comes from there verified.
 */
const field = 'tscompose.buildcache'
const VERSION = 1

/** For the configuration of an image that has these layers. */
export const documentOf = (steps: readonly TransferredStep[]): object => ({
  [field]: {
    version: VERSION,
    steps: steps.map(({ key, id, created, diffId }) => ({ key, id, created, layer: diffId })),
  },
})

/** @returns undefined if there are none, or in a form of another version */
export function stepsOf(configuration: string): readonly TransferredStep[] | undefined {
  const { version, steps } = (JSON.parse(configuration)[field] ?? {}) as { version?: unknown; steps?: unknown }
  if (version !== VERSION || !Array.isArray(steps)) return undefined
  return steps.flatMap(({ key, id, created, layer }): TransferredStep[] =>
    isKey(key) && isText(id) && isText(created) && !Number.isNaN(Date.parse(created)) && isDigest(layer)
      ? [{ key, id, created, diffId: layer }]
      : [],
  )
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isKey = (value: unknown): value is Key => isText(value) && /^[0-9a-f]{64}$/.test(value)

/** The configuration of an image that is nothing but a cache; the same steps make the same image. */
export const cacheConfiguration = (
  steps: readonly TransferredStep[],
  { os, architecture }: { readonly os: string; readonly architecture: string },
): string =>
  JSON.stringify({
    architecture,
    created: new Date(0).toISOString(),
    os,
    rootfs: { type: 'layers', diff_ids: [...new Set(steps.map(({ diffId }) => diffId))] },
    ...documentOf(steps),
  })
