import type { HistoryEntry, Platform } from '../../image/image.ts'
import { platformName } from '../../image/platform.ts'
import { interpret, openScope } from '../dockerfile/index.ts'
import type { Instruction } from '../dockerfile/instruction.ts'
import type { Scope } from '../dockerfile/scope.ts'
import type { StageNode } from '../dockerfile/stage-graph.ts'
import type { Step } from '../dockerfile/step.ts'
import {
  applyStep,
  type ConfigStep,
  historyEntry,
  openConfig,
  type StageConfig,
  scratchConfig,
} from '../image-config.ts'
import { keyOf } from '../key.ts'
import { imageOfBase, nameOfBase, stackOfFiles } from './base.ts'
import type { Build } from './build.ts'
import { copyStep } from './copy-step.ts'
import { runStep } from './run-step.ts'
import { emptyStack, type Stack, stackOfImage, withLayer } from './stack.ts'
import { type MadeLayer, toStackLayer } from './step-layer.ts'
import { workdirStep } from './workdir-step.ts'

/** What a stage has come to. */
export interface StageResult {
  readonly stack: Stack
  readonly stage: StageConfig
  readonly history: readonly HistoryEntry[]
  readonly platform: Platform
  readonly scope: Scope
}

/** A stage between two instructions. */
export interface StageState extends StageResult {
  readonly node: StageNode
  /** Whether the last layer has just been made. */
  readonly isNew: boolean
  /** What progress calls the step that is next. */
  readonly label: string
  readonly instruction: { readonly number: number; readonly of: number }
}

const layered = new Set<Instruction['keyword']>(['RUN', 'COPY', 'ADD', 'WORKDIR'])

/** Carries out a stage, instruction by instruction; other stages go on meanwhile. */
export async function solveStage(build: Build, node: StageNode): Promise<StageResult> {
  const { stage, instructions } = node
  const name = stage.name ?? `stage-${stage.index}`
  const total = 1 + instructions.filter(({ keyword }) => layered.has(keyword)).length
  const labelOf = (number: number) =>
    `[${labelOfPlatform(build, node)}${build.isOnlyStage ? '' : `${name} `}${number}/${total}]`
  let state: StageState = {
    ...(await openStage(build, node, labelOf(1))),
    node,
    isNew: false,
    label: '',
    instruction: build.placeOf(node, 0),
  }
  let steps = 1
  for (const [index, instruction] of instructions.entries()) {
    build.signal.throwIfAborted()
    if (layered.has(instruction.keyword)) steps++
    const { step, scope, warnings } = interpret(instruction, state.scope)
    for (const warning of warnings) build.warn(warning, instruction)
    const place = build.placeOf(node, index + 1)
    state = await carryOut(build, { ...state, scope, label: labelOf(steps), instruction: place }, step)
  }
  return state
}

/** `linux/amd64->arm64 ` for a stage of another platform than its image's, as BuildKit shows it. */
function labelOfPlatform({ plan }: Build, { base }: StageNode): string {
  const { label, platform } = plan
  const own = base.kind === 'image' || base.kind === 'context' ? base.platform : undefined
  if (label === '' || own === undefined || own === platformName(platform)) return label
  return `${own}->${platformName(platform).replace(/^linux\//, '')} `
}

async function openStage(build: Build, node: StageNode, label: string): Promise<StageResult> {
  const { base, stage } = node
  const { given, platform } = build.plan
  const named = (what: string, result: string, hasLayer = true) => {
    const instruction = { ...build.placeOf(node, 0), text: stage.from.source, hasLayer }
    const step = build.progress.begin(`${label} FROM ${what}`, { where: placeOf(stage.from), instruction })
    step.result(result)
    step.end('cached')
  }
  switch (base.kind) {
    case 'scratch':
      named('scratch', '')
      return {
        stack: emptyStack,
        stage: openConfig(scratchConfig),
        history: [],
        platform,
        scope: openScope(scratchConfig.Env ?? [], given),
      }
    case 'stage': {
      const below = await build.stage(base.stage)
      // Only the classic builder shows it: it is no work.
      named(stage.from.base, configKey(below.stack, below.stage), false)
      return { ...below, stage: { ...below.stage, hasCommand: false }, scope: openScope(below.scope, given) }
    }
    default: {
      const image = await imageOfBase(build, base)
      named(nameOfBase(build, base), image?.id.slice('sha256:'.length) ?? '')
      if (!image && base.kind === 'context') {
        const scope = openScope(scratchConfig.Env ?? [], given)
        const stack = await stackOfFiles(build, base, stage.from.where)
        const created = stack.layers[0]?.created ?? new Date(0).toISOString()
        const history = [{ created, created_by: `FROM ${base.name}`, comment: 'tscompose.dockerfile' }]
        return { stack, stage: openConfig(scratchConfig), history, platform, scope }
      }
      if (!image) throw new TypeError('a base is an image or a context')
      return {
        stack: stackOfImage(image, build.around.images),
        stage: openConfig(image.config),
        history: image.history,
        platform: image.platform,
        scope: openScope(image.config.Env ?? [], given),
      }
    }
  }
}

export const placeOf = ({ where }: Instruction): string => `${where.file}:${where.line}`

async function carryOut(build: Build, state: StageState, step: Step): Promise<StageState> {
  const made = await makeLayer(build, state, step)
  const { stage } = state
  const next = isConfigStep(step) ? applyStep(stage, step) : stage
  if (!made && isConfigStep(step)) tellConfigStep(build, state, step, next)
  const layer = made && toStackLayer(build, made)
  const created = layer?.created ?? lastCreated(state)
  return {
    ...state,
    stage: next,
    stack: layer ? withLayer(state.stack, layer) : state.stack,
    isNew: made?.isNew ?? state.isNew,
    history: [...state.history, historyEntry(step, next.config, created, layer !== undefined)],
  }
}

/** The layer that a step makes, if it makes one. */
async function makeLayer(build: Build, state: StageState, step: Step): Promise<MadeLayer | undefined> {
  switch (step.keyword) {
    case 'RUN':
      return await runStep(build, state, step)
    case 'COPY':
    case 'ADD':
      return await copyStep(build, state, step)
    case 'WORKDIR':
      return await workdirStep(build, state, step.path, step)
    default:
      return undefined
  }
}

const isConfigStep = (step: Step): step is ConfigStep =>
  step.keyword !== 'RUN' && step.keyword !== 'COPY' && step.keyword !== 'ADD'

/** Only the classic builder shows those. */
function tellConfigStep(
  build: Build,
  { label, instruction, stack }: StageState,
  step: ConfigStep,
  next: StageConfig,
): void {
  const progress = build.progress.begin(`${label} ${step.shown}`, {
    where: placeOf(step.instruction),
    instruction: { ...instruction, text: step.shown, hasLayer: false },
  })
  progress.result(configKey(stack, next))
  progress.end('done')
}

const configKey = ({ key }: Stack, { config }: StageConfig): string => keyOf('config', [key, config])

/** What adds no layer is as old as what it is added to: the same image again has the same id. */
export const lastCreated = ({ history }: StageState): string => history.at(-1)?.created ?? new Date(0).toISOString()
