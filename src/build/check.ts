import { interpret, openScope } from './dockerfile/index.ts'
import type { Scope } from './dockerfile/scope.ts'
import type { Origin, StageGraph } from './dockerfile/stage-graph.ts'
import type { Build } from './solve/build.ts'

/** The rule that has to know the variables of the base image. */
const ofVariables = 'UndefinedVar'

/**
 * Interprets the stages without carrying anything out, for the warnings that come up (`docker build --check`). Nothing is
 * fetched: where a base image is not here, nothing is said of variables which it may have.
 */
export async function checkStages(build: Build, graph: StageGraph): Promise<void> {
  const ends = new Map<number, { readonly scope: Scope; readonly isKnown: boolean }>()
  for (const { stage, base, instructions } of graph) {
    const below = base.kind === 'stage' ? ends.get(base.stage) : undefined
    const environment = below ? undefined : await environmentOf(build, base)
    const isKnown = below?.isKnown ?? environment !== undefined
    let scope = openScope(below?.scope ?? environment ?? [], build.plan.given)
    for (const instruction of instructions) {
      const { warnings, scope: next } = interpret(instruction, scope)
      for (const warning of warnings) if (isKnown || warning.rule !== ofVariables) build.warn(warning, instruction)
      scope = next
    }
    ends.set(stage.index, { scope, isKnown })
  }
}

async function environmentOf(build: Build, base: Origin): Promise<readonly string[] | undefined> {
  if (base.kind === 'scratch') return []
  if (base.kind !== 'image') return undefined
  const image = await build.around.images.find(
    base.reference,
    build.plan.isPlatformAsked ? build.plan.platform : undefined,
  )
  return image && (image.config.Env ?? [])
}
