import { createReadStream } from 'node:fs'
import { parseAnnotation } from '../../build/annotations.ts'
import { isRemoteContext } from '../../build/context/index.ts'
import type { BuildRequest, ContextSource, NamedContext, SecretSource } from '../../build/request.ts'
import { parseCacheSource, parseCacheTarget } from '../../build/transfer/spec.ts'
import { platformName } from '../../image/platform.ts'
import { domainOf } from '../../image/registry/credentials.ts'
import type { BuildInput, BuildMessage, BuildSession, ImageBuildRequest } from '../api.ts'
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
  input: BuildInput,
  signal: AbortSignal,
): AsyncIterable<BuildMessage> {
  const request = toBuildRequest(context, asked, input, signal)
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
function toBuildRequest(
  context: Context,
  asked: ImageBuildRequest,
  input: BuildInput,
  signal: AbortSignal,
): BuildRequest {
  const { ShmSize } = asked
  const { archive, session } = input
  return {
    context: archiveSource(asked, archive) ?? contextSource(asked.Context, session),
    dockerfile: dockerfileSource(asked, input.session),
    ...(asked.Target && { target: asked.Target }),
    buildArgs: new Map(Object.entries(asked.BuildArgs ?? {})),
    labels: asked.Labels ?? {},
    tags: asked.Tags ?? [],
    noCache: asked.NoCache === true || (asked.NoCacheFilter ?? []),
    pull: asked.Pull === true,
    platforms: (asked.Platforms ?? []).map(parsePlatform),
    annotations: (asked.Annotations ?? []).flatMap(parseAnnotation),
    contexts: new Map(
      Object.entries(asked.Contexts ?? {}).map(([name, text]) => [name.toLowerCase(), named(text, session)]),
    ),
    ...lent(asked, session, signal),
    cacheFrom: (asked.CacheFrom ?? []).map(parseCacheSource),
    cacheTo: (asked.CacheTo ?? []).map(parseCacheTarget),
    check: asked.Check === true,
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

/** What the request itself brings counts before what the client has that is there. */
function lent(
  { Secrets = {}, SSH = {}, Auths = {} }: ImageBuildRequest,
  session: BuildSession | undefined,
  signal: AbortSignal,
): Pick<BuildRequest, 'secrets' | 'ssh' | 'logins'> {
  const secrets = new Map(Object.entries(Secrets).map(([id, secret]) => [id, secretSource(secret)]))
  const ssh = new Map(Object.entries(SSH).map(([id, paths]) => [id, { kind: 'paths' as const, paths }]))
  const logins = new Map(Object.entries(Auths).map(([server, auth]) => [domainOf(server), auth]))
  if (!session) return { secrets, ssh, logins }
  return {
    secrets: { get: id => secrets.get(id) ?? { kind: 'client', read: until => session.secret(id, until) } },
    ssh: { get: id => ssh.get(id) ?? { kind: 'client', open: until => session.agent(id, until) } },
    logins: { get: domain => logins.get(domain) ?? session.login(domain, signal) },
  }
}

function dockerfileSource(
  { Dockerfile = '', DockerfileInline }: ImageBuildRequest,
  session: BuildSession | undefined,
): BuildRequest['dockerfile'] {
  const name = Dockerfile || 'Dockerfile'
  if (DockerfileInline !== undefined) return { kind: 'text', text: DockerfileInline, name }
  const read = session?.dockerfile?.bind(session)
  return read ? { kind: 'client', read } : { kind: 'path', path: name }
}

const secretSource = ({ File, Value }: { readonly File?: string; readonly Value?: string }): SecretSource =>
  File === undefined ? { kind: 'value', value: Buffer.from(Value ?? '', 'base64') } : { kind: 'file', path: File }

function archiveSource({ Archive }: ImageBuildRequest, archive: BuildInput['archive']): ContextSource | undefined {
  const stream = archive ?? (Archive === undefined ? undefined : createReadStream(Archive))
  return stream && { kind: 'archive', stream }
}

function contextSource(text: string | undefined, session: BuildSession | undefined): ContextSource {
  if (text === undefined || text === '') return { kind: 'empty' }
  if (session && text.startsWith(LOCAL)) {
    const name = text.slice(LOCAL.length)
    return {
      kind: 'client',
      load: (directory, only, tell, signal) => session.files({ name, only }, directory, tell, signal),
    }
  }
  if (isRemoteContext(text)) return { kind: 'remote', url: text }
  if (!text.startsWith('/')) throw invalid(`the build context "${text}" is neither an absolute path nor a URL`)
  return { kind: 'directory', path: text }
}

const LOCAL = 'local:'

function named(text: string, session: BuildSession | undefined): NamedContext {
  const image = /^docker-image:\/\/(.*)$/.exec(text)?.[1]
  if (image !== undefined) return { kind: 'image', reference: image }
  const layout = /^oci-layout:\/\/(.*?)(?:@(sha256:[0-9a-f]{64})|:([\w][\w.-]{0,127}))?$/.exec(text)
  if (!layout) return contextSource(text, session)
  const [, directory = '', digest, tag] = layout
  return { kind: 'layout', directory, ...(digest && { digest }), ...(tag && { tag }) }
}
