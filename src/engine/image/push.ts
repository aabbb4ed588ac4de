import type { JSONMessage, RegistryAuthConfig } from '../api.ts'
import type { Context } from '../context.ts'
import { parsePlatform } from './platform.ts'
import { progressStream } from './progress.ts'

/** Pushes a tag, or without one all tags of a repository. The stream tells the progress, and throws what the push throws. */
export function pushImage(
  { images, events }: Context,
  name: string,
  { tag, platform, auth }: { readonly tag?: string; readonly platform?: string; readonly auth?: RegistryAuthConfig },
  signal: AbortSignal,
): AsyncIterable<JSONMessage> {
  return progressStream(async (onProgress, abort, tell) => {
    const options = {
      ...(tag && { tag }),
      ...(platform && { platform: parsePlatform(platform) }),
      ...(auth && { auth }),
    }
    for (const { tag, digest, size } of await images.push(name, { ...options, onProgress }, abort)) {
      tell({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } })
      events.emit('image', 'push', name, { name: `${name.replace(/:[^:/]*$/, '')}:${tag}` })
    }
  }, signal)
}
