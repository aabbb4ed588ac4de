import type { BuildWarning, Dockerfile, Instruction } from './dockerfile.ts'
import type { Scope, StageArguments } from './scope.ts'
import type { Origin, StageGraph, StageGraphOptions } from './stage-graph.ts'
import type { Step } from './step.ts'

export type * from './dockerfile.ts'
export type * from './scope.ts'
export type * from './stage-graph.ts'
export type * from './step.ts'

/** @throws TscomposeError BUILD_DOCKERFILE_INVALID with the place, the line and, where there is one, a suggestion */
export declare function parseDockerfile(text: string, file: string): Dockerfile

/** The ARGs before the first FROM, evaluated one after the other. */
export declare function globalArguments(
  dockerfile: Dockerfile,
  buildArgs: ReadonlyMap<string, string>,
  platformArgs: ReadonlyMap<string, string>,
): ReadonlyMap<string, string | undefined>

/** BUILDPLATFORM, BUILDOS, BUILDARCH, BUILDVARIANT, and TARGET... of them, from `linux/arm64/v8` and the like. */
export declare function platformArguments(
  buildPlatform: string,
  targetPlatform: string,
  targetStage: string,
): ReadonlyMap<string, string>

export declare function stageGraph(dockerfile: Dockerfile, options: StageGraphOptions): Promise<StageGraph>

/** The scope a stage begins with. @param environment `Env` of its base image or stage */
export declare function openScope(environment: readonly string[], given: StageArguments): Scope

/**
 * Expands an instruction's variables and reads its flags.
 * @returns what to do, and the scope of the next instruction
 * @throws TscomposeError BUILD_DOCKERFILE_INVALID
 */
export declare function interpret(
  instruction: Instruction,
  scope: Scope,
): { readonly step: Step; readonly scope: Scope; readonly warnings: readonly BuildWarning[] }
