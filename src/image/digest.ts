import { TscomposeError } from '../errors.ts'
import type { Digest } from './image.ts'

/** @throws TscomposeError IMAGE_REFERENCE_INVALID unless `text` is `sha256:` and 64 lower-case hex digits */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text
  const [algorithm = '', hex = ''] = text.split(':')
  const why =
    algorithm !== 'sha256'
      ? 'unsupported digest algorithm'
      : hex.length !== 64
        ? 'invalid checksum digest length'
        : 'invalid checksum digest format'
  throw new TscomposeError('IMAGE_REFERENCE_INVALID', `${why}: "${text}"`)
}

export const isDigest = (text: string): text is Digest => /^sha256:[0-9a-f]{64}$/.test(text)

/** Loads `node:crypto` itself: commands that only look whether something is a digest are spared 3 ms. */
export const digestOf = (content: string | Uint8Array): Digest =>
  `sha256:${process.getBuiltinModule('node:crypto').createHash('sha256').update(content).digest('hex')}`

/** The 64 hex digits. */
export const hexOf = (digest: Digest): string => digest.slice('sha256:'.length)

/** What Docker shows of a digest: the first twelve digits. */
export const shortId = (digest: Digest): string => hexOf(digest).slice(0, 12)
