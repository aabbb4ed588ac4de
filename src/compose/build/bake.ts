import type { Project, Service } from '../project.ts'
import { type BuildOptions, buildRequest } from './build.ts'
import { serviceBuild, withBuiltFrom } from './service-build.ts'

/** A bake file (`docker buildx bake`) that builds what `build` would. Secrets that are values stay out of it. */
export function bakeFile(project: Project, services: readonly Service[], options: BuildOptions): object {
  const targets = withBuiltFrom(project, services).flatMap(service => {
    const build = serviceBuild(project, service)
    if (!build) return []
    const request = buildRequest(project, build, options)
    const contexts = Object.fromEntries(
      Object.entries(build.contexts).map(([name, context]) => [
        name,
        context.kind === 'service' ? `target:${context.service}` : (request.Contexts?.[name] ?? ''),
      ]),
    )
    const target = {
      context: build.context,
      ...('text' in build.dockerfile
        ? { 'dockerfile-inline': build.dockerfile.text }
        : { dockerfile: build.dockerfile.path }),
      ...filled('contexts', contexts),
      ...filled('args', request.BuildArgs),
      ...filled('labels', request.Labels),
      tags: build.tags,
      ...filled('cache-from', request.CacheFrom),
      ...filled('cache-to', request.CacheTo),
      ...(build.target !== undefined && { target: build.target }),
      ...filled(
        'secret',
        Object.entries(build.secrets).flatMap(([id, secret]) =>
          'file' in secret ? [`id=${id},type=file,src=${secret.file}`] : [`id=${id},type=env`],
        ),
      ),
      ...filled(
        'ssh',
        Object.entries(request.SSH ?? {}).map(([id, path]) => `${id}=${path}`),
      ),
      ...filled('platforms', build.platforms),
      ...(request.Pull && { pull: true }),
      ...(request.NoCache && { 'no-cache': true }),
      ...(build.network !== undefined && { network: build.network }),
      ...(build.shmSize !== undefined && { 'shm-size': String(build.shmSize) }),
      ...filled(
        'ulimits',
        Object.entries(build.ulimits).map(([name, { soft, hard }]) => `${name}=${soft}:${hard}`),
      ),
      ...filled('entitlements', build.entitlements),
      output: ['type=docker'],
    }
    return [[service.name, target] as const]
  })
  return { group: { default: { targets: targets.map(([name]) => name) } }, target: Object.fromEntries(targets) }
}

/** Nothing where there is nothing to say. */
const filled = (key: string, value: object | undefined): object =>
  value === undefined || Object.keys(value).length === 0 ? {} : { [key]: value }
