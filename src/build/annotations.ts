import { TscomposeError } from '../errors.ts'
import type { Platform } from '../image/image.ts'
import type { Annotations } from '../image/manifest.ts'
import { platformName } from '../image/platform.ts'
import { platformText, readPlatform } from './dockerfile/platform.ts'

/** Which document an annotation is put into (BuildKit, "Image annotations"). */
const places = ['manifest', 'manifest-descriptor', 'index'] as const
type Place = (typeof places)[number]

export interface Annotation {
  readonly place: Place
  /** `linux/arm64`; without it the images for all platforms have it. */
  readonly platform?: string
  readonly key: string
  readonly value: string
}

/**
 * `--annotation`: `key=value`, after the documents it is meant for: `index,manifest[linux/arm64]:key=value`.
 * @throws TscomposeError BUILD_ANNOTATION_INVALID
 */
export function parseAnnotation(text: string): readonly Annotation[] {
  const [, head = ''] = /^([a-z-]+(?:\[[^\]]*\])?(?:,[a-z-]+(?:\[[^\]]*\])?)*):[^=]*=/.exec(text) ?? []
  const pair = head === '' ? text : text.slice(head.length + 1)
  const equals = pair.indexOf('=')
  if (equals <= 0) throw invalid(text, 'expected key=value')
  const [key, value] = [pair.slice(0, equals), pair.slice(equals + 1)]
  return (head === '' ? ['manifest'] : head.split(',')).map(one => {
    const [, name = one, shown] = /^([^[]*)\[(.*)\]$/.exec(one) ?? []
    const place = places.find(known => known === name)
    if (name === 'index-descriptor') throw invalid(text, 'index-descriptor is not supported: no document describes it')
    if (!place) throw invalid(text, `unknown annotation type "${name}": one of ${places.join(', ')}`)
    if (shown === undefined) return { place, key, value }
    const platform = readPlatform(shown)
    if (!platform) throw invalid(text, `"${shown}" is not a platform`)
    return { place, key, value, platform: platformText(platform) }
  })
}

const invalid = (text: string, why: string): TscomposeError =>
  new TscomposeError('BUILD_ANNOTATION_INVALID', `annotation "${text}": ${why}`)

/** Those for a document. @param platform of the image it is about */
export const annotationsFor = (all: readonly Annotation[], place: Place, platform?: Platform): Annotations =>
  Object.fromEntries(
    all
      .filter(
        one =>
          one.place === place &&
          (one.platform === undefined || (platform !== undefined && one.platform === platformName(platform))),
      )
      .map(({ key, value }) => [key, value]),
  )

/**
 * An image for one platform has no index that could be annotated.
 * @throws TscomposeError BUILD_ANNOTATION_INVALID
 */
export function assertPlaces(all: readonly Annotation[], isIndex: boolean): void {
  const one = all.find(({ place }) => place !== 'manifest')
  if (!one || isIndex) return
  throw new TscomposeError(
    'BUILD_ANNOTATION_INVALID',
    `${one.place} annotations not supported for single platform export: ${one.key}`,
  )
}
