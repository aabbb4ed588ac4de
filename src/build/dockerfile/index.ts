import type { BuildWarning, Dockerfile } from './dockerfile.ts'
import type { Instruction } from './instruction.ts'
import type { GivenToStages, Scope } from './scope.ts'
import type { StageGraph, StageGraphOptions } from './stage-graph.ts'
import type { Step } from './step.ts'

export type * from './dockerfile.ts'
export type * from './instruction.ts'
export type * from './scope.ts'
export type * from './stage-graph.ts'
export type * from './step.ts'

/** @throws TscomposeError BUILD_DOCKERFILE_INVALID with the place, the line and, where there is one, a suggestion */
export declare function parseDockerfile(text: string, file: string): Dockerfile

/**
 * What {@link openScope} and {@link stageGraph} need: the ARGs before the first FROM, evaluated one after the other,
 * with BUILDPLATFORM, TARGETARCH and the like.
 */
export declare function givenToStages(dockerfile: Dockerfile, build: BuildArguments): GivenToStages

export interface BuildArguments {
  readonly buildArgs: ReadonlyMap<string, string>
  /** `linux/arm64/v8` */
  readonly buildPlatform: string
  readonly targetPlatform: string
  readonly target?: string
}

/** The stages that the target needs, with the ONBUILD triggers of their bases. */
export declare function stageGraph(
  dockerfile: Dockerfile,
  given: GivenToStages,
  options: StageGraphOptions,
): Promise<StageGraph>

/**
 * The scope a stage begins with.
 * @param base `Env` of the base image; or the scope at the end of the stage it is based on, whose ARGs it inherits
 */
export declare function openScope(base: readonly string[] | Scope, given: GivenToStages): Scope

/**
 * Expands an instruction's variables.
 * @returns what to do, and the scope of the next instruction
 * @throws TscomposeError BUILD_DOCKERFILE_INVALID
 */
export declare function interpret(
  instruction: Instruction,
  scope: Scope,
): { readonly step: Step; readonly scope: Scope; readonly warnings: readonly BuildWarning[] }
