import type { Where } from '../../errors.ts'
import { TscomposeError } from '../../errors.ts'
import type { PathRules } from './path-rules.ts'
import { pathRules, stepInto } from './path-rules.ts'
import type { Lookup } from './template.ts'
import { substitute, TemplateError } from './template.ts'
import type { Warning } from './warning.ts'
import type { MapNode, Node, ScalarNode, ScalarType, ScalarValue } from './yaml/node.ts'

/** Turns an interpolated text into another type. @throws Error with Go's words if it is not of that type */
type Cast = (text: string, warn: (message: string) => void) => { type: ScalarType; value: ScalarValue }

const integer =
  (caller: string): Cast =>
  text => {
    const fail = (problem: string): never => {
      throw new Error(`strconv.${caller}: parsing ${JSON.stringify(text)}: ${problem}`)
    }
    if (!/^[-+]?\d+$/.test(text)) fail('invalid syntax')
    const exact = BigInt(text.replace(/^\+/, ''))
    if (exact >= 2n ** 63n || exact < -(2n ** 63n)) fail('value out of range')
    return { type: 'int', value: Number.isSafeInteger(Number(exact)) ? Number(exact) : exact }
  }

const FLOAT = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/

const float: Cast = text => {
  if (!FLOAT.test(text)) throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`)
  return { type: 'float', value: Number(text) }
}

const boolean: Cast = (text, warn) => {
  const word = text.toLowerCase()
  if (word === 'true' || word === 'false') return { type: 'bool', value: word === 'true' }
  const yes = word === 'y' || word === 'yes' || word === 'on'
  if (!yes && word !== 'n' && word !== 'no' && word !== 'off') throw new Error(`invalid boolean: ${text}`)
  warn(`${JSON.stringify(text)} for boolean is not supported by YAML 1.2, please use \`${yes}\``)
  return { type: 'bool', value: yes }
}

const int = integer('Atoi')
const int64 = integer('ParseInt')

/** The attributes whose interpolated text becomes something else than text. */
const casts = pathRules<Cast>({
  'services.*.cpu_count': int64,
  'services.*.cpu_percent': float,
  'services.*.cpu_period': int64,
  'services.*.cpu_quota': int64,
  'services.*.cpu_rt_period': int64,
  'services.*.cpu_rt_runtime': int64,
  'services.*.cpus': float,
  'services.*.cpu_shares': int64,
  'services.*.init': boolean,
  'services.*.depends_on.*.required': boolean,
  'services.*.depends_on.*.restart': boolean,
  'services.*.deploy.replicas': int,
  'services.*.deploy.update_config.parallelism': int,
  'services.*.deploy.update_config.max_failure_ratio': float,
  'services.*.deploy.rollback_config.parallelism': int,
  'services.*.deploy.rollback_config.max_failure_ratio': float,
  'services.*.deploy.restart_policy.max_attempts': int,
  'services.*.deploy.placement.max_replicas_per_node': int,
  'services.*.healthcheck.retries': int,
  'services.*.healthcheck.disable': boolean,
  'services.*.oom_kill_disable': boolean,
  'services.*.oom_score_adj': int64,
  'services.*.pids_limit': int64,
  'services.*.ports.[].target': int,
  'services.*.privileged': boolean,
  'services.*.read_only': boolean,
  'services.*.scale': int,
  'services.*.stdin_open': boolean,
  'services.*.tty': boolean,
  'services.*.ulimits.*': int,
  'services.*.ulimits.*.hard': int,
  'services.*.ulimits.*.soft': int,
  'services.*.volumes.[].read_only': boolean,
  'services.*.volumes.[].volume.nocopy': boolean,
  'networks.*.external': boolean,
  'networks.*.internal': boolean,
  'networks.*.attachable': boolean,
  'networks.*.enable_ipv4': boolean,
  'networks.*.enable_ipv6': boolean,
  'volumes.*.external': boolean,
  'secrets.*.external': boolean,
  'configs.*.external': boolean,
})

/** Replaces the variables in every text of a document, in place, and casts what is left to its attribute's type. */
export function interpolate(document: MapNode, lookup: Lookup, warn: (warning: Warning) => void): void {
  new Interpolation(lookup, warn).node(document, casts)
}

class Interpolation {
  readonly #lookup: Lookup
  readonly #warn: (warning: Warning) => void
  readonly #path: string[] = []

  constructor(lookup: Lookup, warn: (warning: Warning) => void) {
    this.#lookup = lookup
    this.#warn = warn
  }

  node(node: Node, rules: PathRules<Cast> | undefined): void {
    if (node.kind === 'scalar') {
      if (node.type === 'str') this.#text(node, rules?.rule)
    } else if (node.kind === 'map') {
      for (const [key, value] of node.entries) {
        this.#path.push(key)
        this.node(value, stepInto(rules, key))
        this.#path.pop()
      }
    } else {
      this.#path.push('[]')
      for (const item of node.items) this.node(item, stepInto(rules, '[]'))
      this.#path.pop()
    }
  }

  #text(node: ScalarNode, cast: Cast | undefined): void {
    const template = node.value as string
    if (template.includes('$')) {
      const value = this.#substitute(node, template)
      if (value !== template) {
        node.template = template
        node.value = value
      }
    }
    if (cast) this.#cast(node, cast)
  }

  #substitute(node: ScalarNode, template: string): string {
    try {
      return substitute(template, this.#lookup, {
        unset: (name, at) =>
          this.#warn({
            message: `The ${JSON.stringify(name)} variable is not set. Defaulting to a blank string.`,
            where: whereInside(node, template, at),
          }),
      })
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      const { kind, message, at, template: broken } = error.problem
      const path = this.#path.join('.')
      const where = whereInside(node, template, at)
      if (kind === 'required')
        throw new TscomposeError('COMPOSE_VARIABLE_REQUIRED', `error while interpolating ${path}: ${message}`, {
          where,
        })
      throw new TscomposeError(
        'COMPOSE_TEMPLATE_INVALID',
        `invalid interpolation format for ${path}.\nYou may need to escape any $ with another $.\n${broken}`,
        { where },
      )
    }
  }

  #cast(node: ScalarNode, cast: Cast): void {
    const where = node.source.where(node.offset)
    try {
      Object.assign(
        node,
        cast(node.value as string, message => this.#warn({ message, where })),
      )
    } catch (error) {
      throw new TscomposeError(
        'COMPOSE_CAST_FAILED',
        `error while interpolating ${this.#path.join('.')}: failed to cast to expected type: ${(error as Error).message}`,
        { where, ...(node.template === undefined ? {} : { fix: `The text comes from ${node.template}.` }) },
      )
    }
  }
}

/** Where in the file a character of a text stands; the beginning of the text if it is folded or has escapes. */
function whereInside(node: ScalarNode, text: string, at: number): Where {
  const { source, offset } = node
  for (const begin of [offset, offset + 1])
    if (source.text.startsWith(text.slice(0, at + 1), begin)) return source.where(begin + at)
  return source.where(offset)
}
