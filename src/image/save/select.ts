import { TscomposeError } from '../../errors.ts'
import type { Catalog } from '../catalog.ts'
import type { Digest, Platform } from '../image.ts'
import { notFound, resolve } from '../names.ts'
import { platformName } from '../platform.ts'
import { tagsOf } from '../push/sources.ts'
import { canonicalName, isRepository, parseReference, type Reference } from '../reference.ts'
import type { SavedTarget } from './layout.ts'

/**
 * What `docker save` takes its arguments for: a name with a tag, a repository with all its tags, an id or digest, which
 * brings no name along.
 * @param platform of images for several platforms the one for this, alone
 * @throws TscomposeError IMAGE_NOT_FOUND, IMAGE_PLATFORM_MISSING
 */
export function imagesToSave(
  catalog: Catalog,
  references: readonly string[],
  platform: Platform | undefined,
): readonly SavedTarget[] {
  const names = new Map<Digest, Reference[]>()
  const chosen = (target: Digest, text: string): Digest => {
    if (!platform) return target
    const image = catalog.imageFor(target, platform)
    if (image) return image.id
    throw new TscomposeError(
      'IMAGE_PLATFORM_MISSING',
      `image with reference ${text} was found but does not provide the specified platform (${platformName(platform)})`,
    )
  }
  const add = (target: Digest, text: string, ...some: readonly Reference[]) => {
    const key = chosen(target, text)
    names.set(key, [...(names.get(key) ?? []), ...some])
  }
  for (const text of references) {
    const found = resolve(catalog.state, text)
    if (found?.name === undefined && found) add(catalog.shownAs(found.target), text)
    else if (isRepository(text)) {
      const tags = tagsOf(catalog, parseReference(text))
      if (tags.length === 0) throw notFound(text)
      for (const reference of tags) add(catalog.state.names[canonicalName(reference)] as Digest, text, reference)
    } else {
      if (!found) throw notFound(text)
      const reference = parseReference(text)
      if (reference.digest) add(found.target, text)
      else add(found.target, text, reference)
    }
  }
  return [...names].map(([target, some]) => ({
    target,
    names: [...new Map(some.map(name => [canonicalName(name), name])).values()],
  }))
}
