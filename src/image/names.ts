import { TscomposeError } from '../errors.ts'
import { hexOf, shortId } from './digest.ts'
import type { Digest, ImageRemoval } from './image.ts'
import { canonicalName, familiarName, parseReference, type Reference, repositoryOf } from './reference.ts'
import type { StoreState } from './state.ts'

export interface Resolved {
  readonly id: Digest
  /** The name by which it was found; undefined if it was by its id. */
  readonly name?: string
}

/**
 * What a user means: a name first, then an id or an unambiguous prefix of one.
 * @throws TscomposeError IMAGE_REFERENCE_INVALID if it can be neither
 */
export function resolve({ images, names }: StoreState, text: string): Resolved | undefined {
  const prefix = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1]
  if (prefix?.length !== 64 && !text.startsWith('sha256:')) {
    const name = canonicalName(parseReference(text))
    const id = names[name]
    if (id) return { id, name }
  }
  if (prefix === undefined) return undefined
  const [id, ...others] = (Object.keys(images) as Digest[]).filter(id => hexOf(id).startsWith(prefix))
  return id && others.length === 0 ? { id } : undefined
}

export const notFound = (reference: string): TscomposeError =>
  new TscomposeError('IMAGE_NOT_FOUND', `No such image: ${reference}`)

/** The names of an image as Docker shows them. */
export function namesOf({ names }: StoreState, id: Digest): { repoTags: string[]; repoDigests: string[] } {
  const references = referencesTo(names, id)
  const show = (some: readonly Reference[]) => some.map(familiarName).sort()
  return {
    repoTags: show(references.filter(({ digest }) => !digest)),
    repoDigests: show(references.filter(({ digest }) => digest)),
  }
}

export function named(state: StoreState, id: Digest, ...references: readonly Reference[]): StoreState {
  const added = references.map(reference => [canonicalName(reference), id] as const)
  return { ...state, names: { ...state.names, ...Object.fromEntries(added) } }
}

/** The same, for names by which users know the image: it counts as fetched now. */
export function tagged(state: StoreState, id: Digest, ...references: readonly Reference[]): StoreState {
  const next = named(state, id, ...references)
  return { ...next, tagged: { ...next.tagged, [id]: new Date().toISOString() } }
}

export function withImage(state: StoreState, id: Digest, manifest: Digest): StoreState {
  return { ...state, images: { ...state.images, [id]: manifest } }
}

export interface Removal {
  readonly state: StoreState
  readonly untagged: readonly string[]
  /** Whether the image itself goes. */
  readonly deletes: boolean
}

/**
 * What `docker rmi` does (moby, daemon/images/image_delete.go): a name takes off that name, and with the last tag of a
 * repository its digests there; an id takes off all names if they are one tag of one repository, or by force.
 * @throws TscomposeError IMAGE_CONFLICT
 */
export function planRemoval(state: StoreState, { id, name }: Resolved, force: boolean): Removal {
  const references = referencesTo(state.names, id)
  const gone = name === undefined ? references : withItsDigests(references, name)
  if (name === undefined && !force && !isSingle(references))
    throw new TscomposeError(
      'IMAGE_CONFLICT',
      `conflict: unable to delete ${shortId(id)} (must be forced) - image is referenced in multiple repositories`,
    )
  const goneNames = new Set(gone.map(canonicalName))
  const names = Object.fromEntries(Object.entries(state.names).filter(([name]) => !goneNames.has(name)))
  const deletes = gone.length === references.length
  const { [id]: _, ...others } = state.images
  const { [id]: __, ...moments } = state.tagged
  return {
    state: { ...state, names, images: deletes ? others : state.images, tagged: deletes ? moments : state.tagged },
    untagged: gone.map(familiarName),
    deletes,
  }
}

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

const referencesTo = (names: StoreState['names'], id: Digest): Reference[] =>
  Object.entries(names).flatMap(([name, of]) => (of === id ? [parseReference(name)] : []))

/** The lines that tell of a removal: names, the image, and the chain ids of layers, the uppermost first. */
export const removalLines = (untagged: readonly string[], deleted: readonly Digest[]): readonly ImageRemoval[] => [
  ...untagged.map(name => ({ Untagged: name })),
  ...deleted.map(digest => ({ Deleted: digest })),
]
