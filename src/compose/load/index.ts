import { TscomposeError } from '../../errors.ts'
import type { Project } from '../project.ts'
import { checkConsistency, nodeAt } from './consistency.ts'
import { isTrue } from './discover.ts'
import { type Identified, isIsolated, locate, nameOf } from './identify.ts'
import { isolate } from './isolate.ts'
import type { CanonicalMap, CanonicalModel } from './model/bind.ts'
import { bind } from './model/bind.ts'
import { loadFiles } from './model-loader.ts'
import { normalize } from './normalize.ts'
import { type ParsedFile, parseFile } from './parsed-file.ts'
import { SECRET_CONTENT } from './plain.ts'
import { buildProject } from './project-builder.ts'
import type { FetchRemote } from './remote-files.ts'
import type { Split } from './select.ts'
import { byProfiles, dropUnused, profilesOf, selectServices } from './select.ts'
import type { FileEntries } from './service-files.ts'
import { resolveEnvFiles, resolveLabelFiles } from './service-files.ts'
import type { Environment, Scope } from './session.ts'
import { lookupIn, type Session } from './session.ts'
import type { Warning } from './warning.ts'
import type { MapNode, Node } from './yaml/node.ts'
import { mapOf, stringOf, whereOf, whereOfKey } from './yaml/node.ts'
import { Source } from './yaml/source.ts'

export type { Warning } from './warning.ts'

export interface LoadOptions {
  /** The current directory, absolute. */
  readonly cwd: string
  /** The shell's environment. */
  readonly env: Environment
  /** `-f`; `-` is standard input. Empty: COMPOSE_FILE, or the search for the usual names. */
  readonly files?: readonly string[]
  readonly projectName?: string
  readonly projectDirectory?: string
  /** `--profile`; empty: COMPOSE_PROFILES. */
  readonly profiles?: readonly string[]
  /** `--env-file`; empty: `.env`. */
  readonly envFiles?: readonly string[]
  /** Services to restrict the project to, with what they depend on; their own profiles are activated. */
  readonly services?: readonly string[]
  /** Whether networks, volumes and the like that no service uses stay in the project. */
  readonly allResources?: boolean
  readonly noInterpolate?: boolean
  readonly noNormalize?: boolean
  readonly noPathResolution?: boolean
  readonly noConsistency?: boolean
  readonly noEnvResolution?: boolean
  /** Leaves `services` without their dependencies. */
  readonly noDependencies?: boolean
  /** Names, addresses and ports of its own (isolate.ts); absent: what TSCOMPOSE_ISOLATED says. */
  readonly isolated?: boolean
  readonly readStdin?: () => Promise<Uint8Array>
  /** Fetches what `-f`, `include` and `extends` name on other machines; without it that is refused. */
  readonly fetchRemote?: FetchRemote
}

export interface Loaded {
  readonly project: Project
  readonly warnings: readonly Warning[]
  /** What of the file does not hold since the project is isolated: to be told to who makes it. */
  readonly leftOut: readonly Warning[]
  /** The merged model as a tree with places, and what was left out of it: what `config --why` is told from. */
  readonly trace: Trace
}

export interface Trace {
  readonly root: MapNode
  readonly session: Session
  readonly envFiles: FileEntries
  readonly labelFiles: FileEntries
}

/** A model that was merged, but not read into types: texts may still hold variables. */
export interface LoadedModel {
  readonly root: MapNode
  readonly name: string
  readonly environment: Environment
  readonly warnings: readonly Warning[]
}

interface Prepared extends LoadedModel {
  readonly session: Session
  readonly directory: string
  readonly files: readonly string[]
}

/** Where an error has no place of its own. */
const nowhere = { source: new Source('', ''), offset: 0, keyOffset: -1 }

/**
 * Loads a project as docker compose does: finds the files, merges and checks them, and picks the services asked for.
 * @throws TscomposeError COMPOSE_..., with the place in the user's files
 */
export async function loadProject(options: LoadOptions): Promise<Loaded> {
  const prepared = await prepare(options)
  return await new Finish(prepared, options).run()
}

/**
 * Loads the merged model alone, without reading its values into types: for `config --no-interpolate` and
 * `config --variables`.
 */
export async function loadModel(options: LoadOptions): Promise<LoadedModel> {
  return await prepare(options)
}

async function prepare(options: LoadOptions): Promise<Prepared> {
  const { session, found, parsed, name, environment: known } = await identify(options)
  const interpolate = !options.noInterpolate
  // What is not interpolated is not resolved either: names of variables without a value stay bare.
  const environment = interpolate ? known : { COMPOSE_PROJECT_NAME: name }
  const scope: Scope = {
    session,
    directory: found.directory,
    environment,
    lookup: lookupIn(environment),
    interpolate,
    including: [],
    extended: new Map(),
  }
  const root = await loadFiles(parsed, scope, options.noPathResolution ? undefined : found.directory, nowhere)
  if (root.entries.size === 0)
    throw new TscomposeError('COMPOSE_FILE_EMPTY', 'empty compose file', { where: root.source.where(0) })
  if (name === '')
    throw new TscomposeError('COMPOSE_PROJECT_NAME', 'project name must not be empty', {
      fix: 'Name it with -p, COMPOSE_PROJECT_NAME or a top-level name.',
    })
  if (!options.noNormalize) normalize(root, name, scope.lookup)
  return {
    root,
    name,
    environment,
    warnings: session.warnings,
    session,
    directory: found.directory,
    files: found.files,
  }
}

async function identify(options: LoadOptions): Promise<Identified & { readonly parsed: readonly ParsedFile[] }> {
  const { session, found } = await locate(options)
  const parsed: ParsedFile[] = []
  for (const file of found.files) parsed.push(parseFile(await session.read(file)))
  const name = nameOf(options, found, parsed)
  return { session, found, parsed, name, environment: { ...found.environment, COMPOSE_PROJECT_NAME: name } }
}

/** From the merged model to the project: which services, their files, the checks between them. */
class Finish {
  readonly #prepared: Prepared
  readonly #options: LoadOptions
  readonly #envFiles: FileEntries = new Map()
  readonly #labelFiles: FileEntries = new Map()
  #leftOut: readonly Warning[] = []

  constructor(prepared: Prepared, options: LoadOptions) {
    this.#prepared = prepared
    this.#options = options
  }

  async run(): Promise<Loaded> {
    const { root, name, session, environment, directory, files } = this.#prepared
    const { services = [], noConsistency } = this.#options
    const bound = bind(root, name)
    let profiles = this.#profiles()
    let split = byProfiles(bound.services, profiles)
    if (!noConsistency) {
      checkConsistency({ model: { ...bound, services: split.enabled }, disabled: split.disabled, root })
      alignReplicas(split.enabled)
    }
    split = await this.#resolveFiles(split)
    if (services.length > 0) {
      profiles = [...profiles, ...profilesOf(services, split.disabled)]
      split = byProfiles({ ...split.enabled, ...split.disabled }, profiles)
      split = selectServices(split, services, !this.#options.noDependencies)
      split = await this.#resolveFiles(split)
    }
    let model: CanonicalModel = { ...bound, services: split.enabled }
    if (!this.#options.allResources) model = dropUnused(model)
    if (!noConsistency) checkContainerNames(model.services, root)
    if (isIsolated(this.#options, { environment })) model = this.#isolated(model)
    const project = buildProject(model, {
      workingDir: directory,
      composeFiles: files,
      environment,
      environmentFiles: this.#options.envFiles ?? [],
      profiles,
      disabled: split.disabled,
      origins: { get: path => originOf(root, path) },
      secretContent: key => stringOf(mapOf(nodeAt(root, ['secrets', key]))?.entries.get(SECRET_CONTENT)),
    })
    return {
      project,
      warnings: session.warnings,
      leftOut: this.#leftOut,
      trace: { root, session, envFiles: this.#envFiles, labelFiles: this.#labelFiles },
    }
  }

  #isolated(model: CanonicalModel): CanonicalModel {
    const { root } = this.#prepared
    const { model: isolated, left } = isolate(model)
    this.#leftOut = left.map(({ path, what }) => {
      const where = originOf(root, path)
      return { message: `${what}, since the project is isolated`, ...(where && { where }) }
    })
    return isolated
  }

  #profiles(): readonly string[] {
    const { profiles = [] } = this.#options
    if (profiles.length > 0) return profiles
    const variable = this.#prepared.environment.COMPOSE_PROFILES ?? ''
    return variable === '' ? [] : variable.split(',').map(profile => profile.trim())
  }

  /** Env files and label files of enabled services only: those of others are never opened. */
  async #resolveFiles({ enabled, disabled }: Split): Promise<Split> {
    const { root, session, environment } = this.#prepared
    const context = { root, session, lookup: lookupIn(environment) }
    const resolved: CanonicalMap = {}
    for (const [name, service] of Object.entries(enabled)) {
      let result = service
      if (!this.#options.noEnvResolution && needsEnvironment(service)) {
        const { service: next, read } = await resolveEnvFiles(name, result, context)
        result = next
        if (read.size > 0) this.#envFiles.set(name, read)
      }
      if (service.label_file) {
        const { service: next, read } = await resolveLabelFiles(name, result, context)
        result = next
        this.#labelFiles.set(name, read)
      }
      resolved[name] = result
    }
    return { enabled: resolved, disabled }
  }
}

const needsEnvironment = ({ env_file, environment }: CanonicalMap[string]): boolean =>
  env_file !== undefined || environment !== undefined

/** `scale` and `deploy.replicas` are the same number, which both then tell. */
function alignReplicas(services: CanonicalMap): void {
  for (const service of Object.values(services)) {
    const deploy = service.deploy as Record<string, unknown> | undefined
    if (deploy && service.scale !== undefined && deploy.replicas === undefined) {
      const { mode, ...rest } = deploy
      service.deploy = { ...(mode === undefined ? {} : { mode }), replicas: service.scale, ...rest }
    }
  }
}

function checkContainerNames(services: CanonicalMap, root: MapNode): void {
  const taken = new Map<string, string>()
  for (const [name, { container_name }] of Object.entries(services)) {
    if (!container_name) continue
    const other = taken.get(String(container_name))
    if (other !== undefined)
      throw new TscomposeError(
        'COMPOSE_CONFLICT',
        `services.${name}: container name ${JSON.stringify(container_name)} is already in use by service ${other}`,
        { where: whereOf(nodeAt(root, ['services', name, 'container_name'])) },
      )
    taken.set(String(container_name), name)
  }
}

/** The keys of maps may hold dots, so the longest key that fits is taken. */
function originOf(root: MapNode, path: string): ReturnType<typeof whereOf> | undefined {
  let node: Node = root
  let rest = path
  while (rest !== '') {
    const next: { node: Node; rest: string } | undefined = stepBy(node, rest)
    if (!next) break
    node = next.node
    rest = next.rest
  }
  if (node === root || node.source.file === '') return undefined
  return node.kind === 'scalar' && rest === '' ? whereOf(node) : whereOfKey(node)
}

function stepBy(node: Node, path: string): { node: Node; rest: string } | undefined {
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const key = path.slice(0, end)
    const next = node.kind === 'map' ? node.entries.get(key) : node.kind === 'seq' ? node.items[Number(key)] : undefined
    if (next) return { node: next, rest: path.slice(end + 1) }
  }
  return undefined
}

export { isTrue }
