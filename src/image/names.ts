import { TscomposeError } from '../errors.ts'
import { hexOf, shortId } from './digest.ts'
import type { Digest, ImageRemoval } from './image.ts'
import { canonicalName, familiarName, parseReference, type Reference, repositoryOf } from './reference.ts'
import type { StoreState } from './state.ts'
import { imagesOf, indexesWith, withoutTarget, withoutVariant } from './targets.ts'

export interface Resolved {
  /** The id of an image or the digest of an index. */
  readonly target: Digest
  /** The name by which it was found; undefined if it was by its id. */
  readonly name?: string
}

/**
 * What a user means: a name first, then an id or an unambiguous prefix of one.
 * @throws TscomposeError IMAGE_REFERENCE_INVALID if it can be neither
 */
export function resolve({ images, indexes, names }: StoreState, text: string): Resolved | undefined {
  const prefix = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1]
  if (prefix?.length !== 64 && !text.startsWith('sha256:')) {
    const name = canonicalName(parseReference(text))
    const target = names[name]
    if (target) return { target, name }
  }
  if (prefix === undefined) return undefined
  const all = [...Object.keys(images), ...Object.keys(indexes)] as Digest[]
  const [target, ...others] = all.filter(digest => hexOf(digest).startsWith(prefix))
  return target && others.length === 0 ? { target } : undefined
}

export const notFound = (reference: string): TscomposeError =>
  new TscomposeError('IMAGE_NOT_FOUND', `No such image: ${reference}`)

/** The names of an image as Docker shows them, its own and those of the indexes that have it. */
export const namesOf = (state: StoreState, id: Digest): { repoTags: string[]; repoDigests: string[] } =>
  namesOfTargets(state, [id, ...indexesWith(state, id)])

/** The names of images and indexes, of their own only. */
export function namesOfTargets(
  { names }: StoreState,
  targets: readonly Digest[],
): { repoTags: string[]; repoDigests: string[] } {
  const references = targets.flatMap(target => referencesTo(names, target))
  const show = (some: readonly Reference[]) => some.map(familiarName).sort()
  return {
    repoTags: show(references.filter(({ digest }) => !digest)),
    repoDigests: show(references.filter(({ digest }) => digest)),
  }
}

export function named(state: StoreState, target: Digest, ...references: readonly Reference[]): StoreState {
  const added = references.map(reference => [canonicalName(reference), target] as const)
  return { ...state, names: { ...state.names, ...Object.fromEntries(added) } }
}

/** The same, for names by which users know the image: it counts as fetched now. */
export const tagged = (state: StoreState, target: Digest, ...references: readonly Reference[]): StoreState =>
  fetched(named(state, target, ...references), ...imagesOf(state, target))

export function fetched(state: StoreState, ...ids: readonly Digest[]): StoreState {
  const now = new Date().toISOString()
  return { ...state, tagged: { ...state.tagged, ...Object.fromEntries(ids.map(id => [id, now])) } }
}

export function withImage(state: StoreState, id: Digest, manifest: Digest): StoreState {
  return { ...state, images: { ...state.images, [id]: manifest } }
}

export interface Removal {
  readonly state: StoreState
  readonly untagged: readonly string[]
  /** The images that go themselves. */
  readonly deleted: readonly Digest[]
}

/**
 * What `docker rmi` does (moby, daemon/images/image_delete.go): a name takes off that name, and with the last tag of a
 * repository its digests there; an id takes off all names if they are one tag of one repository, or by force. With an
 * index go the images of it that nothing else stands for; an image of an index without a name of its own goes alone.
 * @throws TscomposeError IMAGE_CONFLICT
 */
export function planRemoval(state: StoreState, { target, name }: Resolved, force: boolean): Removal {
  const references = referencesTo(state.names, target)
  const gone = name === undefined ? references : withItsDigests(references, name)
  if (name === undefined && !force && !isSingle(references))
    throw new TscomposeError(
      'IMAGE_CONFLICT',
      `conflict: unable to delete ${shortId(target)} (must be forced) - image is referenced in multiple repositories`,
    )
  const goneNames = new Set(gone.map(canonicalName))
  const names = Object.fromEntries(Object.entries(state.names).filter(([name]) => !goneNames.has(name)))
  const untagged = gone.map(familiarName)
  const rest = { ...state, names }
  if (gone.length < references.length) return { state: rest, untagged, deleted: [] }
  const isVariant = references.length === 0 && target in state.images
  const next = isVariant ? withoutVariant(rest, target, indexesWith(rest, target)) : withoutTarget(rest, target)
  return { ...deletions(rest, next), untagged }
}

/** Takes one image out of an index. */
export const planVariantRemoval = (state: StoreState, index: Digest, id: Digest): Removal => ({
  ...deletions(state, withoutVariant(state, id, [index])),
  untagged: [],
})

const deletions = (before: StoreState, state: StoreState): Pick<Removal, 'state' | 'deleted'> => ({
  state,
  deleted: (Object.keys(before.images) as Digest[]).filter(id => !(id in state.images)),
})

function withItsDigests(references: readonly Reference[], name: string): readonly Reference[] {
  const gone = references.filter(reference => canonicalName(reference) === name)
  const [reference] = gone
  if (!reference || reference.digest) return gone
  const same = references.filter(other => repositoryOf(other) === repositoryOf(reference))
  const tags = same.filter(({ digest }) => !digest)
  return tags.length === 1 ? [...gone, ...same.filter(({ digest }) => digest)] : gone
}

const isSingle = (references: readonly Reference[]): boolean =>
  new Set(references.map(repositoryOf)).size <= 1 && references.filter(({ digest }) => !digest).length <= 1

const referencesTo = (names: StoreState['names'], target: Digest): Reference[] =>
  Object.entries(names).flatMap(([name, of]) => (of === target ? [parseReference(name)] : []))

/** The lines that tell of a removal: names, the image, and the chain ids of layers, the uppermost first. */
export const removalLines = (untagged: readonly string[], deleted: readonly Digest[]): readonly ImageRemoval[] => [
  ...untagged.map(name => ({ Untagged: name })),
  ...deleted.map(digest => ({ Deleted: digest })),
]
