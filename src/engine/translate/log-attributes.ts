import type { ContainerRecord } from '../container/record.ts'
import { invalid } from '../failures.ts'
import { shortId } from '../ids.ts'

/**
 * What a container's log says beside its lines (`logs --details`): labels and variables that the options `labels`,
 * `labels-regex`, `env` and `env-regex` choose, and a `tag`, as those of Docker's json-file driver. Nothing of it stands
 * in the log: it is the same for every line.
 */
type Described = Pick<ContainerRecord, 'id' | 'name' | 'image' | 'config'>

const tagFields: Readonly<Record<string, (container: Described) => string>> = {
  ID: ({ id }) => shortId(id),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  ImageID: ({ image }) => shortId(image.replace('sha256:', '')),
  ImageFullID: ({ image }) => image,
  ImageName: ({ config }) => config.Image,
  DaemonName: () => 'docker',
}
const field = /\{\{\s*\.(\w+)\s*\}\}/g

/** By option: what is wrong with a value makes it throw. */
const checks: Readonly<Record<string, (value: string) => unknown>> = {
  labels: () => {},
  'labels-regex': value => new RegExp(value),
  env: () => {},
  'env-regex': value => new RegExp(value),
  tag: value => {
    const rest = value.replaceAll(field, (all, name: string) => (name in tagFields ? '' : all))
    if (rest.includes('{{')) throw new TypeError(`only these fields are known: ${Object.keys(tagFields).join(', ')}`)
  },
}

/** @returns false for another option. @throws TscomposeError ENGINE_REQUEST_INVALID */
export function isAttributeOption(option: string, value: string): boolean {
  try {
    checks[option]?.(value)
    return option in checks
  } catch (error) {
    throw invalid(`invalid log option ${option}=${value}: ${(error as Error).message}`)
  }
}

/** `label=value,NAME=value`, sorted and escaped as in a query (moby, attrsByteSlice); empty if nothing is chosen. */
export function logDetails(container: Described, options: Readonly<Record<string, string>>): string {
  const { Labels = {}, Env = [] } = container.config
  const variables = Env.map((variable): [string, string] => {
    const equals = variable.indexOf('=')
    return equals < 0 ? [variable, ''] : [variable.slice(0, equals), variable.slice(equals + 1)]
  })
  const chosen = new Map([
    ...choose(Object.entries(Labels), options.labels, options['labels-regex']),
    ...choose(variables, options.env, options['env-regex']),
  ])
  const tag = options.tag?.replaceAll(field, (_, name: string) => tagFields[name]?.(container) ?? '')
  if (tag) chosen.set('tag', tag)
  return [...chosen]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(pair => pair.map(queryEscape).join('='))
    .join(',')
}

function choose(
  values: readonly (readonly [string, string])[],
  list: string | undefined,
  regex: string | undefined,
): readonly (readonly [string, string])[] {
  const names = list?.split(',') ?? []
  const pattern = regex ? new RegExp(regex) : undefined
  return values.filter(([name]) => names.includes(name) || pattern?.test(name))
}

/** Go's url.QueryEscape */
const queryEscape = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
