/** The Dockerfile language: from a text to the steps that the solver carries out. */
export type { BuildWarning, Directives, Dockerfile, EscapeCharacter, Stage } from './dockerfile.ts'
export type { Heredoc, Instruction, Keyword } from './instruction.ts'
export { type Interpreted, interpret } from './interpret.ts'
export { failOnWarnings, unlessSkipped } from './lint.ts'
export { parseDockerfile, parseInstructions } from './parse.ts'
export { type BuildArguments, defaultPath, type GivenToStages, givenToStages, openScope, type Scope } from './scope.ts'
export {
  nearestStage,
  type Origin,
  type StageGraph,
  type StageGraphOptions,
  type StageNode,
  stageGraph,
  targetStage,
} from './stage-graph.ts'
export type * from './step.ts'
