import { TscomposeError } from '../../errors.ts'
import { closest } from '../../suggest.ts'
import { resolveBase } from './base.ts'
import type { BuildWarning, Dockerfile, Stage } from './dockerfile.ts'
import type { Instruction } from './instruction.ts'
import { invalid } from './lines.ts'
import { parseTriggers } from './parse.ts'
import type { GivenToStages } from './scope.ts'

/** Where files come from: what FROM, `COPY --from` and `--mount=from=` point at. */
export type Origin =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly stage: number }
  /** `platform` as FROM wants it (`linux/arm64`); without it the platform of the build. */
  | { readonly kind: 'image'; readonly reference: string; readonly platform?: string }
  /** `--build-context NAME=...`, `additional_contexts` */
  | { readonly kind: 'context'; readonly name: string; readonly platform?: string }

export interface StageNode {
  readonly stage: Stage
  readonly base: Origin
  /** The stage's own, after the ONBUILD triggers of its base. */
  readonly instructions: readonly Instruction[]
  /** What its instructions read from besides the build context: keyed by the name written there. */
  readonly origins: ReadonlyMap<string, Origin>
  /** Stages it needs, without itself: its base and those it reads from. */
  readonly needs: readonly number[]
}

/** Only what the target needs, each stage after those it needs itself; the target comes last. */
export type StageGraph = readonly StageNode[]

export interface StageGraphOptions {
  /** The name or number of a stage; without it the last one. */
  readonly target?: string
  /** Names of additional contexts, which go before stages and images of the same name. */
  readonly contexts: readonly string[]
  /** `OnBuild` of a base that is an image or a context; asked once for each stage that has one. */
  readonly triggersOf: (base: Origin) => Promise<readonly string[]>
  readonly warn: (warning: BuildWarning) => void
}

/**
 * The stages that the target needs, with the ONBUILD triggers of their bases.
 * @throws TscomposeError BUILD_TARGET_UNKNOWN, BUILD_DOCKERFILE_INVALID
 */
export async function stageGraph(
  dockerfile: Dockerfile,
  given: GivenToStages,
  options: StageGraphOptions,
): Promise<StageGraph> {
  const nodes = new Map<number, StageNode>()
  let wanted: readonly Stage[] = [targetStage(dockerfile, options.target)]
  const target = wanted[0]
  // What a trigger copies from can make further stages necessary, so it goes on until nothing new comes up.
  while (wanted.length > 0) {
    const found = await Promise.all(wanted.map(stage => readStage(stage, dockerfile, given, options)))
    for (const node of found) nodes.set(node.stage.index, node)
    const needed = new Set(found.flatMap(({ needs }) => needs))
    wanted = dockerfile.stages.filter(({ index }) => needed.has(index) && !nodes.has(index))
  }
  // A stage can only refer to those before it: the order of the file is one in which they can be built.
  const inOrder = [...nodes.values()].toSorted((a, b) => a.stage.index - b.stage.index)
  return inOrder.filter(({ stage }) => target !== undefined && stage.index <= target.index)
}

/** The stage that was probably meant where an image of that name cannot be found. */
export const nearestStage = ({ stages }: Dockerfile, reference: string): string | undefined =>
  closest(
    reference,
    stages.flatMap(({ name }) => name ?? []),
  )

/** The stage to build, by name or by number. */
export function targetStage({ stages, file }: Dockerfile, target: string | undefined): Stage {
  const wanted = target?.toLowerCase()
  const named = stages.findLast(({ name }) => name === wanted)
  const stage = wanted ? (named ?? numbered(stages, wanted)) : stages.at(-1)
  if (stage) return stage
  const names = stages.flatMap(({ name }) => name ?? [])
  const nearest = closest(wanted ?? '', names)
  throw new TscomposeError(
    'BUILD_TARGET_UNKNOWN',
    `${file}: target stage ${JSON.stringify(target)} could not be found`,
    {
      fix: nearest
        ? `did you mean ${nearest}?`
        : names.length > 0
          ? `the stages are ${names.join(', ')}`
          : 'no stage of the file has a name: FROM image AS name gives it one',
    },
  )
}

const numbered = (stages: readonly Stage[], text: string): Stage | undefined =>
  /^\d+$/.test(text) ? stages[Number(text)] : undefined

async function readStage(
  stage: Stage,
  dockerfile: Dockerfile,
  given: GivenToStages,
  options: StageGraphOptions,
): Promise<StageNode> {
  const base = resolveBase(stage, dockerfile, given, options)
  const triggers =
    base.kind === 'stage'
      ? triggersOfStage(dockerfile.stages[base.stage])
      : base.kind === 'scratch'
        ? []
        : await options.triggersOf(base)
  const instructions = [...parseTriggers(triggers, stage.from, dockerfile), ...stage.instructions]
  const origins = new Map<string, Origin>()
  for (const instruction of instructions) {
    for (const name of namesReadFrom(instruction)) {
      if (!origins.has(name)) origins.set(name, resolveOrigin(name, instruction, stage, dockerfile, options))
    }
  }
  const needs = [base, ...origins.values()].flatMap(origin => (origin.kind === 'stage' ? [origin.stage] : []))
  return { stage, base, instructions, origins, needs: [...new Set(needs)].toSorted((a, b) => a - b) }
}

const triggersOfStage = (stage: Stage | undefined): readonly string[] =>
  stage?.instructions.flatMap(one => (one.keyword === 'ONBUILD' ? [one.trigger] : [])) ?? []

function namesReadFrom(instruction: Instruction): readonly string[] {
  if (instruction.keyword === 'COPY') return instruction.copy.from ? [instruction.copy.from] : []
  if (instruction.keyword === 'RUN') return instruction.run.mounts.flatMap(({ from }) => from ?? [])
  return []
}

function resolveOrigin(
  name: string,
  { where }: Instruction,
  stage: Stage,
  { stages }: Dockerfile,
  { contexts }: StageGraphOptions,
): Origin {
  const context = contexts.find(candidate => candidate.toLowerCase() === name.toLowerCase())
  if (context !== undefined) return { kind: 'context', name: context }
  const lower = name.toLowerCase()
  const source = numbered(stages, name) ?? stages.findLast(candidate => candidate.name === lower)
  if (/^\d+$/.test(name) && !source) invalid(where, `invalid stage index ${name}`, `stages are numbered from 0`)
  if (!source) return lower === 'scratch' ? { kind: 'scratch' } : { kind: 'image', reference: name }
  if (source.index < stage.index) return { kind: 'stage', stage: source.index }
  if (source.index === stage.index) invalid(where, `circular dependency detected on stage: ${name}`)
  return invalid(
    where,
    `cannot copy from stage ${JSON.stringify(name)}, it needs to be defined before current stage`,
    `move that stage (line ${source.from.where.line}) before this one`,
  )
}
