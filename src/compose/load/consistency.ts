import { TscomposeError } from '../../errors.ts'
import { didYouMean } from '../../suggest.ts'
import { checkCycles } from './cycles.ts'
import type { CanonicalMap, CanonicalModel, ResourceKind } from './model/bind.ts'
import type { Canonical } from './model/shape.ts'
import type { MapNode, Node } from './yaml/node.ts'
import { whereOf, whereOfKey } from './yaml/node.ts'

/** The enabled services are checked; `disabled` ones may be referred to where nothing depends on it. */
export interface Checked {
  readonly model: CanonicalModel
  readonly disabled: CanonicalMap
  /** The tree the model was read from, for the places in messages. */
  readonly root: MapNode
}

/** Checks that the parts of a model go together. @throws TscomposeError in the words of docker compose */
export function checkConsistency({ model, disabled, root }: Checked): void {
  for (const [name, service] of Object.entries(model.services))
    new ServiceCheck(name, service, model, disabled, root).run()
  for (const [name, secret] of Object.entries(model.secrets))
    if (!secret.external && !secret.file && !secret.environment)
      throw new TscomposeError(
        'COMPOSE_VALUE_INVALID',
        `secret ${q(name)} must declare either \`file\` or \`environment\`${invalid}`,
        { where: whereOfKey(nodeAt(root, ['secrets', name])) },
      )
  checkCycles(model.services, name => whereOfKey(nodeAt(root, ['services', name, 'depends_on'])))
}

const invalid = ': invalid compose project'
const q = JSON.stringify

/** The node at a path, or the last one before the path leaves the tree. */
export function nodeAt(root: Node, path: readonly string[]): Node {
  let node = root
  for (const step of path) {
    const next =
      node.kind === 'map' ? node.entries.get(step) : node.kind === 'seq' ? node.items[Number(step)] : undefined
    if (!next) return node
    node = next
  }
  return node
}

const map = (value: unknown): Canonical => (value ?? {}) as Canonical
const list = (value: unknown): readonly Canonical[] => (value ?? []) as readonly Canonical[]
const texts = (value: unknown): readonly string[] => (value ?? []) as readonly string[]

class ServiceCheck {
  readonly #name: string
  readonly #service: Canonical
  readonly #model: CanonicalModel
  readonly #disabled: CanonicalMap
  readonly #root: MapNode

  constructor(name: string, service: Canonical, model: CanonicalModel, disabled: CanonicalMap, root: MapNode) {
    this.#name = name
    this.#service = service
    this.#model = model
    this.#disabled = disabled
    this.#root = root
  }

  run(): void {
    const { build, image, provider } = this.#service
    if (!build && !image && !provider)
      this.#fail([], `service ${q(this.#name)} has neither an image nor a build context specified${invalid}`, {
        fix: 'Give it an image, or a build section.',
      })
    if (build) this.#build(map(build))
    this.#networks()
    this.#health()
    this.#dependencies()
    this.#references()
    this.#scale()
    this.#limits()
    this.#watch()
    this.#mounts()
  }

  #fail(path: readonly string[], message: string, more: { fix?: string; code?: 'COMPOSE_CONFLICT' } = {}): never {
    const node = nodeAt(this.#root, ['services', this.#name, ...path])
    const { code = 'COMPOSE_VALUE_INVALID', ...fix } = more
    throw new TscomposeError(code, message, {
      where: path.length > 0 && node.keyOffset < 0 ? whereOf(node) : whereOfKey(node),
      ...fix,
    })
  }

  #undefined(kind: string, thing: string, known: Readonly<Record<string, unknown>>, path: readonly string[]): void {
    if (Object.hasOwn(known, thing)) return
    const node = nodeAt(this.#root, ['services', this.#name, ...path])
    throw new TscomposeError(
      'COMPOSE_REFERENCE_UNDEFINED',
      `service ${q(this.#name)} refers to undefined ${kind} ${thing}${invalid}`,
      { where: whereOf(node), fix: declaration(kind, thing), ...didYouMean(thing, Object.keys(known)) },
    )
  }

  #build(build: Canonical): void {
    const name = q(this.#name)
    if (build.dockerfile_inline && build.dockerfile)
      this.#fail(
        ['build', 'dockerfile_inline'],
        `service ${name} declares mutualy exclusive dockerfile and dockerfile_inline${invalid}`,
        { code: 'COMPOSE_CONFLICT' },
      )
    for (const [context, value] of Object.entries(map(build.additional_contexts))) {
      const target = String(value).startsWith('service:') ? String(value).slice('service:'.length) : undefined
      if (target === undefined) continue
      const path = ['build', 'additional_contexts', context]
      const other = this.#model.services[target]
      if (!other)
        this.#fail(path, `service ${name} declares unknown service ${q(target)} as additional contexts ${context}`)
      if (!other?.build)
        this.#fail(
          path,
          `service ${name} declares non-buildable service ${q(target)} as additional contexts ${context}`,
        )
    }
    const { platform } = this.#service
    const platforms = texts(build.platforms)
    if (platform && platforms.length > 0 && !platforms.includes(String(platform)))
      this.#fail(['platform'], `service.build.platforms MUST include service.platform ${q(platform)}${invalid}`, {
        code: 'COMPOSE_CONFLICT',
      })
  }

  #networks(): void {
    const networks = Object.keys(map(this.#service.networks))
    if (this.#service.network_mode && networks.length > 0)
      this.#fail(
        ['network_mode'],
        `service ${this.#name} declares mutually exclusive \`network_mode\` and \`networks\`${invalid}`,
        { code: 'COMPOSE_CONFLICT', fix: 'Keep one of the two.' },
      )
    for (const network of networks) this.#undefined('network', network, this.#model.networks, ['networks', network])
  }

  #health(): void {
    const [first] = texts(map(this.#service.healthcheck).test)
    if (first !== undefined && first !== 'CMD' && first !== 'CMD-SHELL' && first !== 'NONE')
      this.#fail(['healthcheck', 'test'], 'healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"', {
        fix: 'A test that is a text, not a list, is given to a shell.',
      })
  }

  #dependencies(): void {
    const { services } = this.#model
    for (const [name, dependency] of Object.entries(map(this.#service.depends_on))) {
      if (Object.hasOwn(services, name)) continue
      const disabled = Object.hasOwn(this.#disabled, name)
      if (disabled && map(dependency).required === false) continue
      const node = nodeAt(this.#root, ['services', this.#name, 'depends_on', name])
      throw new TscomposeError(
        'COMPOSE_REFERENCE_UNDEFINED',
        `service ${q(this.#name)} depends on undefined service ${q(name)}${invalid}`,
        {
          where: whereOfKey(node),
          ...(disabled
            ? { fix: howToInclude(name, texts(this.#disabled[name]?.profiles)) }
            : didYouMean(name, Object.keys(services))),
        },
      )
    }
    const mode = String(this.#service.network_mode ?? '')
    const target = mode.startsWith('service:') ? mode.slice('service:'.length) : undefined
    if (target !== undefined && !Object.hasOwn(services, target))
      this.#fail(['network_mode'], `service ${q(target)} not found for network_mode 'service:${target}'`)
  }

  #references(): void {
    const service = this.#service
    for (const [index, mount] of list(service.volumes).entries())
      if (mount.type === 'volume' && mount.source)
        this.#undefined('volume', String(mount.source), this.#model.volumes, ['volumes', String(index), 'source'])
    const grants = (what: string, kind: ResourceKind, of: unknown, path: readonly string[]) => {
      for (const [index, grant] of list(of).entries())
        this.#undefined(what, String(grant.source ?? ''), this.#model[kind], [...path, String(index), 'source'])
    }
    grants('build secret', 'secrets', map(service.build).secrets, ['build', 'secrets'])
    grants('config', 'configs', service.configs, ['configs'])
    for (const name of Object.keys(map(service.models)))
      this.#undefined('model', name, this.#model.models, ['models', name])
    grants('secret', 'secrets', service.secrets, ['secrets'])
  }

  #scale(): void {
    const { scale, deploy, container_name } = this.#service
    const name = this.#name
    const replicas = map(deploy).replicas as number | undefined
    if (scale !== undefined && deploy) {
      if (replicas !== undefined && scale !== replicas)
        this.#fail(
          ['scale'],
          `services.${name}: can't set distinct values on 'scale' and 'deploy.replicas'${invalid}`,
          { code: 'COMPOSE_CONFLICT' },
        )
    }
    if (Number(scale ?? 0) < 0) this.#fail(['scale'], `services.${name}.scale: must be greater than or equal to 0`)
    if (Number(replicas ?? 0) < 0)
      this.#fail(['deploy', 'replicas'], `services.${name}.deploy.replicas: must be greater than or equal to 0`)
    if (Number(scale ?? replicas ?? 1) > 1 && container_name) {
      const attribute = scale === undefined ? 'deploy.replicas' : 'scale'
      // The original puts the two names the wrong way round; scripts look for these very words.
      this.#fail(
        ['container_name'],
        `services.${attribute}: can't set container_name and ${name} as container name must be unique${invalid}`,
        { code: 'COMPOSE_CONFLICT' },
      )
    }
  }

  /** A limit that is given twice must be the same; `deploy.resources.limits` without it counts as zero. */
  #limits(): void {
    const { deploy } = this.#service
    if (!deploy) return
    const { limits, reservations } = map(map(deploy).resources)
    const compare = (attribute: string, block: unknown, at: string, key: string, unset: unknown) => {
      const own = this.#service[attribute]
      if (own === undefined || block === undefined || (map(block)[key] ?? unset) === own) return
      this.#fail(
        [attribute],
        `services.${this.#name}: can't set distinct values on '${attribute}' and 'deploy.resources.${at}.${key}'${invalid}`,
        { code: 'COMPOSE_CONFLICT' },
      )
    }
    compare('cpus', limits, 'limits', 'cpus', 0)
    compare('mem_limit', limits, 'limits', 'memory', '0')
    compare('mem_reservation', reservations, 'reservations', 'memory', '0')
    compare('pids_limit', limits, 'limits', 'pids', 0)
  }

  #watch(): void {
    for (const [index, trigger] of list(map(this.#service.develop).watch).entries())
      if (!trigger.target && trigger.action !== 'rebuild' && trigger.action !== 'restart')
        this.#fail(
          ['develop', 'watch', String(index)],
          `services.${this.#name}.develop.watch: target is required for non-rebuild actions${invalid}`,
        )
  }

  #mounts(): void {
    const mounted = new Map<string, string>()
    const mount = (kind: string, index: number, target: string) => {
      const place = `services.${this.#name}.${kind}[${index}]`
      const before = mounted.get(target)
      if (before !== undefined)
        this.#fail([kind, String(index)], `${place}: target ${target} already mounted as ${before}`, {
          code: 'COMPOSE_CONFLICT',
        })
      mounted.set(target, place)
    }
    for (const [index, entry] of texts(this.#service.tmpfs).entries()) mount('tmpfs', index, entry.split(':')[0] ?? '')
    for (const [index, entry] of list(this.#service.volumes).entries())
      mount('volumes', index, String(entry.target ?? ''))
  }
}

const howToInclude = (service: string, profiles: readonly string[]): string =>
  `"${service}" is left out, for none of its profiles (${profiles.join(', ')}) is active. To take it along: ` +
  `tscompose --profile ${profiles[0]} up`

/** What beginners do not know of: what a service uses is declared beside the services. */
const declaration = (kind: string, name: string): string =>
  kind === 'volume' || kind === 'network'
    ? `Declare it at the top level: ${kind}s: { ${name}: {} }`
    : `Declare it at the top level: ${kind}s: { ${name}: { file: ./${name} } }`
