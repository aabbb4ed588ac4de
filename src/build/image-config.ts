import { posix } from 'node:path'
import type { HistoryEntry, ImageConfig } from '../image/image.ts'
import type { Command, Healthcheck, RunStep, Step } from './dockerfile/step.ts'

/** The steps that change nothing but what an image says about itself. */
export type ConfigStep = Exclude<Step, { keyword: 'RUN' | 'COPY' | 'ADD' }>

/** What a stage says of the image it makes, so far. */
export interface StageConfig {
  readonly config: ImageConfig
  readonly author: string
  /** Whether this stage has a CMD of its own: an ENTRYPOINT takes away an inherited one. */
  readonly hasCommand: boolean
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const defaultShell = ['/bin/sh', '-c']

/** What a stage begins with: its base's, without the triggers, which are instructions of the stage by now. */
export const openConfig = ({ OnBuild: _, ...config }: ImageConfig, author = ''): StageConfig => ({
  config,
  author,
  hasCommand: false,
})

/** `FROM scratch` has nothing but a search path. */
export const scratchConfig: ImageConfig = { Env: [defaultPath] }

/** What a step makes of the configuration. */
export function applyStep(stage: StageConfig, step: ConfigStep): StageConfig {
  const { config } = stage
  const change = (fields: Partial<ImageConfig>): StageConfig => ({ ...stage, config: { ...config, ...fields } })
  switch (step.keyword) {
    case 'ARG':
      return stage
    case 'ENV':
      return change({ Env: withVariables(config.Env ?? [], step.pairs) })
    case 'LABEL':
      return change({ Labels: { ...config.Labels, ...Object.fromEntries(step.pairs) } })
    case 'WORKDIR':
      return change({ WorkingDir: workingDirectory(config, step.path) })
    case 'USER':
      return change({ User: step.user })
    case 'VOLUME':
      return change({ Volumes: withKeys(config.Volumes, step.paths) })
    case 'EXPOSE':
      return change({ ExposedPorts: withKeys(config.ExposedPorts, step.ports) })
    case 'SHELL':
      return change({ Shell: step.shell })
    case 'STOPSIGNAL':
      return change({ StopSignal: step.signal })
    case 'HEALTHCHECK':
      return change({ Healthcheck: step.healthcheck })
    case 'ONBUILD':
      return change({ OnBuild: [...(config.OnBuild ?? []), step.trigger] })
    case 'MAINTAINER':
      return { ...stage, author: step.maintainer }
    case 'CMD':
      return { ...change({ Cmd: commandLine(config, step.command) }), hasCommand: true }
    case 'ENTRYPOINT': {
      const { Cmd, ...others } = { ...config, Entrypoint: commandLine(config, step.command) }
      return { ...stage, config: stage.hasCommand && Cmd ? { ...others, Cmd } : others }
    }
  }
}

/** Of one name the later value stays, in the place of the first. */
function withVariables(env: readonly string[], pairs: ReadonlyMap<string, string>): string[] {
  const variables = new Map(env.map(variable => [variable.split('=', 1)[0] ?? '', variable]))
  for (const [name, value] of pairs) variables.set(name, `${name}=${value}`)
  return [...variables.values()]
}

const withKeys = (set: Readonly<Record<string, object>> | undefined, keys: readonly string[]) => ({
  ...set,
  ...Object.fromEntries(keys.map(key => [key, {}])),
})

/** Relative paths count from the working directory so far. */
export function workingDirectory({ WorkingDir }: ImageConfig, path: string): string {
  const directory = posix.resolve('/', WorkingDir ?? '/', path)
  return directory
}

const shellOf = ({ Shell }: ImageConfig): readonly string[] => (Shell?.length ? Shell : defaultShell)

export const commandLine = (config: ImageConfig, command: Command): readonly string[] =>
  command.form === 'exec' ? command.args : [...shellOf(config), command.script]

/** Docker's words for what an instruction was. */
function createdBy(step: Step, config: ImageConfig): string {
  switch (step.keyword) {
    case 'RUN':
      return `RUN ${runText(step, config)}`
    case 'CMD':
    case 'ENTRYPOINT':
      return `${step.keyword} ${JSON.stringify(commandLine(config, step.command))}`
    case 'EXPOSE':
      return `EXPOSE [${step.ports.join(' ')}]`
    case 'VOLUME':
      return `VOLUME [${step.paths.join(' ')}]`
    case 'HEALTHCHECK':
      return `HEALTHCHECK ${healthcheckText(step.healthcheck)}`
    default:
      return step.shown
  }
}

function runText({ command, buildArgs }: RunStep, config: ImageConfig): string {
  const args = [...buildArgs].map(([name, value]) => `${name}=${value}`)
  const counted = args.length > 0 ? `|${args.length} ${args.join(' ')} ` : ''
  return counted + (command.form === 'exec' ? command.args : commandLine(config, command)).join(' ')
}

const healthcheckText = ({ Test }: Healthcheck): string => `{"Test":${JSON.stringify(Test)}}`

/** An entry of the image's history (image-spec config.md). */
export const historyEntry = (step: Step, config: ImageConfig, created: string, hasLayer: boolean): HistoryEntry => ({
  created,
  created_by: createdBy(step, config),
  comment: 'tscompose.dockerfile',
  ...(!hasLayer && { empty_layer: true }),
})
