import type { Catalog } from '../catalog.ts'
import type { Digest } from '../image.ts'
import { parseReference, type Reference, repositoryOf } from '../reference.ts'

/** More would be more requests than a small layer is worth. */
const MOST = 2

/** The names with a tag that a repository has in the store. */
export const tagsOf = ({ state }: Catalog, repository: Reference): readonly Reference[] =>
  Object.keys(state.names)
    .sort()
    .map(parseReference)
    .filter(reference => !reference.digest && repositoryOf(reference) === repositoryOf(repository))

/** For a blob, other repositories of the same registry that have it. */
export type SourcesOf = (blob: Digest) => readonly string[]

/** Those are known from which, or to which, an image with the blob was pulled or pushed: it has a digest there. */
export function mountSources(catalog: Catalog, { domain, path }: Reference): SourcesOf {
  const sources = new Map<Digest, Set<string>>()
  for (const [name, target] of Object.entries(catalog.state.names)) {
    const other = parseReference(name)
    if (!other.digest || other.domain !== domain || other.path === path) continue
    for (const diffId of catalog.imagesOf(target).flatMap(({ layers }) => layers)) {
      const blob = catalog.layer(diffId)?.blob.digest
      if (blob) sources.set(blob, (sources.get(blob) ?? new Set()).add(other.path))
    }
  }
  return blob => [...(sources.get(blob) ?? [])].slice(0, MOST)
}
