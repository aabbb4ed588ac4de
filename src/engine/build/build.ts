import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { parseAnnotation } from '../../build/annotations.ts'
import { isRemoteContext } from '../../build/context/index.ts'
import type { BuildRequest, ContextSource, NamedContext } from '../../build/request.ts'
import { parseCacheSource, parseCacheTarget } from '../../build/transfer/spec.ts'
import { platformName } from '../../image/platform.ts'
import { domainOf } from '../../image/registry/credentials.ts'
import type { BuildMessage, ImageBuildRequest } from '../api.ts'
import type { Context } from '../context.ts'
import { invalid } from '../failures.ts'
import { parsePlatform } from '../image/platform.ts'
import { progressStream } from '../image/progress.ts'
import { deviceNumberOf } from '../translate/devices.ts'
import { translateResources } from '../translate/resources.ts'

/** Builds an image, and tells what happens. */
export function buildImage(
  context: Context,
  asked: ImageBuildRequest,
  archive: Readable | undefined,
  signal: AbortSignal,
): AsyncIterable<BuildMessage> {
  const request = toBuildRequest(context, asked, archive)
  return progressStream(async (_, until, tell) => {
    const builder = await context.builder()
    const say = tell as unknown as (message: BuildMessage) => void
    const { image, names, images } = await builder.build(request, say, until)
    if (!image) return
    const all = images?.map(({ id, platform }) => ({ id, platform: platformName(platform) }))
    say({ type: 'image', id: image.id, names, ...(all && { images: all }) })
    for (const name of names) context.events.emit('image', 'tag', image.id, { name })
  }, signal) as AsyncIterable<unknown> as AsyncIterable<BuildMessage>
}

/** @throws TscomposeError ENGINE_REQUEST_INVALID, ENGINE_NOT_SUPPORTED */
function toBuildRequest(context: Context, asked: ImageBuildRequest, archive: Readable | undefined): BuildRequest {
  const { Dockerfile, DockerfileInline, ShmSize } = asked
  return {
    context: archiveSource(asked, archive) ?? contextSource(asked.Context),
    dockerfile:
      DockerfileInline === undefined
        ? { kind: 'path', path: Dockerfile || 'Dockerfile' }
        : { kind: 'text', text: DockerfileInline, name: 'Dockerfile' },
    ...(asked.Target && { target: asked.Target }),
    buildArgs: new Map(Object.entries(asked.BuildArgs ?? {})),
    labels: asked.Labels ?? {},
    tags: asked.Tags ?? [],
    noCache: asked.NoCache === true || (asked.NoCacheFilter ?? []),
    pull: asked.Pull === true,
    platforms: (asked.Platforms ?? []).map(parsePlatform),
    annotations: (asked.Annotations ?? []).flatMap(parseAnnotation),
    contexts: new Map(Object.entries(asked.Contexts ?? {}).map(([name, text]) => [name.toLowerCase(), named(text)])),
    secrets: new Map(
      Object.entries(asked.Secrets ?? {}).map(([id, { File, Value }]) => [
        id,
        File === undefined
          ? { kind: 'value' as const, value: Buffer.from(Value ?? '', 'base64') }
          : { kind: 'file' as const, path: File },
      ]),
    ),
    ssh: new Map(Object.entries(asked.SSH ?? {})),
    cacheFrom: (asked.CacheFrom ?? []).map(parseCacheSource),
    cacheTo: (asked.CacheTo ?? []).map(parseCacheTarget),
    check: asked.Check === true,
    logins: new Map(Object.entries(asked.Auths ?? {}).map(([server, auth]) => [domainOf(server), auth])),
    run: {
      network: asked.NetworkMode || 'default',
      extraHosts: asked.ExtraHosts ?? [],
      ...(ShmSize && { shmSize: ShmSize }),
      rlimits: (asked.Ulimits ?? []).map(({ Name, Soft, Hard }) => ({
        type: `RLIMIT_${Name.toUpperCase()}`,
        soft: Soft,
        hard: Hard,
      })),
      resources: translateResources(asked.Resources ?? {}, context.machine.processors, deviceNumberOf),
      entitlements: asked.Entitlements ?? [],
      privileged: asked.Privileged === true,
    },
  }
}

function archiveSource({ Archive }: ImageBuildRequest, archive: Readable | undefined): ContextSource | undefined {
  const stream = archive ?? (Archive === undefined ? undefined : createReadStream(Archive))
  return stream && { kind: 'archive', stream }
}

function contextSource(text: string | undefined): ContextSource {
  if (text === undefined || text === '') return { kind: 'empty' }
  if (isRemoteContext(text)) return { kind: 'remote', url: text }
  if (!text.startsWith('/')) throw invalid(`the build context "${text}" is neither an absolute path nor a URL`)
  return { kind: 'directory', path: text }
}

function named(text: string): NamedContext {
  const image = /^docker-image:\/\/(.*)$/.exec(text)?.[1]
  if (image !== undefined) return { kind: 'image', reference: image }
  const layout = /^oci-layout:\/\/(.*?)(?:@(sha256:[0-9a-f]{64})|:([\w][\w.-]{0,127}))?$/.exec(text)
  if (!layout) return contextSource(text)
  const [, directory = '', digest, tag] = layout
  return { kind: 'layout', directory, ...(digest && { digest }), ...(tag && { tag }) }
}
