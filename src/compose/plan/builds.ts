import { buildOrder, serviceBuild, withBuiltFrom } from '../build/service-build.ts'
import { imageKey, imageName } from '../names.ts'
import type { Project, Service } from '../project.ts'
import type { ObservedImage } from './observed.ts'

type Images = Readonly<Record<string, ObservedImage>>

/** The builds before a plan, as text in the form of the plan's own: which images, after which others, and why. */
export function renderBuilds(project: Project, services: readonly Service[], images: Images): string {
  const builds = buildOrder(withBuiltFrom(project, services).flatMap(service => serviceBuild(project, service) ?? []))
  const numbers = new Map(builds.map(({ service }, index) => [service, index + 1]))
  return builds
    .map(({ service, contexts, tags: [image = ''] }, index) => {
      const before = Object.values(contexts).flatMap(one =>
        one.kind === 'service' ? (numbers.get(one.service) ?? []) : [],
      )
      const first = before.length > 0 ? `[${before.join(' ')}] -> ` : ''
      const why = !images[imageKey(image, project.services[service] ?? {})]
        ? 'it has not been built'
        : services.some(({ name }) => name === service)
          ? 'a build was asked for'
          : 'another image is made of it'
      return `${first}#${index + 1} buildImage ${image}: ${why}\n`
    })
    .join('')
}

/** As if they had been built: what becomes of a container that has the image is known only then. */
export const withBuilt = (project: Project, services: readonly Service[], images: Images): Images => ({
  ...Object.fromEntries(
    withBuiltFrom(project, services).map(service => [
      imageKey(imageName(project, service), service),
      { id: '', volumes: [] },
    ]),
  ),
  ...images,
})
