import type { Service } from '../project.ts'
import { PlanBuilder } from './builder.ts'
import type { Plan } from './plan.ts'

export interface Pushes {
  readonly plan: Plan
  /** Services that have nothing to push: they are not built here, or their image has no name. */
  readonly skipped: readonly string[]
}

/** The images that services build under names of their own, each name once. */
export function planPushes(services: readonly Service[], { ignoreFailures }: { ignoreFailures: boolean }): Pushes {
  const plan = new PlanBuilder()
  const skipped: string[] = []
  const planned = new Set<string>()
  for (const service of services) {
    if (service.build === undefined || service.image === undefined) {
      skipped.push(service.name)
      continue
    }
    for (const image of [service.image, ...tagsOf(service)]) {
      if (planned.has(image)) continue
      planned.add(image)
      plan.add({ op: 'pushImage', image, service: service.name, required: !ignoreFailures }, 'a push was asked for')
    }
  }
  return { plan: plan.build(), skipped }
}

function tagsOf({ build }: Service): readonly string[] {
  const tags = build?.tags
  return Array.isArray(tags) ? tags.filter(tag => typeof tag === 'string') : []
}
