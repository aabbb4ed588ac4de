import type { Catalog } from '../catalog.ts'
import type { Digest } from '../image.ts'
import { notFound, resolve } from '../names.ts'
import { tagsOf } from '../push/sources.ts'
import { canonicalName, isRepository, parseReference, type Reference } from '../reference.ts'
import type { SavedImage } from './layout.ts'

/**
 * What `docker save` takes its arguments for: a name with a tag, a repository with all its tags, an id or digest, which
 * brings no name along.
 * @throws TscomposeError IMAGE_NOT_FOUND
 */
export function imagesToSave(catalog: Catalog, references: readonly string[]): readonly SavedImage[] {
  const names = new Map<Digest, Reference[]>()
  const add = (id: Digest, ...some: readonly Reference[]) => names.set(id, [...(names.get(id) ?? []), ...some])
  for (const text of references) {
    const found = resolve(catalog.state, text)
    if (found?.name === undefined && found) add(found.id)
    else if (isRepository(text)) {
      const tags = tagsOf(catalog, parseReference(text))
      if (tags.length === 0) throw notFound(text)
      for (const reference of tags) add(catalog.state.names[canonicalName(reference)] as Digest, reference)
    } else {
      if (!found) throw notFound(text)
      const reference = parseReference(text)
      if (reference.digest) add(found.id)
      else add(found.id, reference)
    }
  }
  return [...names].map(([id, some]) => ({
    id,
    names: [...new Map(some.map(name => [canonicalName(name), name])).values()],
  }))
}
