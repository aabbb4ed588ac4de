import { TscomposeError } from '../errors.ts'
import { parseDigest } from './digest.ts'
import type { Digest } from './image.ts'

/** The name of an image, normalised: `nginx` is `docker.io/library/nginx:latest` (distribution's reference package). */
export interface Reference {
  readonly domain: string
  /** The repository within the registry, `library/nginx`. */
  readonly path: string
  readonly tag?: string
  readonly digest?: Digest
}

const defaultDomain = 'docker.io'
const officialPrefix = 'library/'

const alphanumeric = '[a-z0-9]+'
const pathComponent = `${alphanumeric}(?:(?:[._]|__|-+)${alphanumeric})*`
const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domain = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}'
const grammar = new RegExp(
  `^(?<domain>${domain})/(?<path>${pathComponent}(?:/${pathComponent})*)(?::(?<tag>\\w[\\w.-]{0,127}))?(?:@(?<digest>${digest}))?$`,
)

const invalid = (message: string): TscomposeError => new TscomposeError('IMAGE_REFERENCE_INVALID', message)

/**
 * Parses what a user calls an image. A name with neither tag nor digest means the tag `latest`.
 * @throws TscomposeError IMAGE_REFERENCE_INVALID in Docker's words
 */
export function parseReference(text: string): Reference {
  if (/^[a-f0-9]{64}$/.test(text))
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`)
  const name = withDomain(text)
  const match = grammar.exec(name)?.groups
  if (!match) {
    const [repository = ''] = name.slice(name.indexOf('/') + 1).split(/[:@]/)
    if (/[A-Z]/.test(repository))
      throw invalid(`invalid reference format: repository name (${repository}) must be lowercase`)
    throw invalid(`invalid reference format: "${text}"`)
  }
  const { domain = '', path = '' } = match
  if (path.length > 255) throw invalid(`repository name must not be more than 255 characters: "${text}"`)
  const digest = match.digest === undefined ? undefined : parseDigest(match.digest)
  const tag = match.tag ?? (digest ? undefined : 'latest')
  return { domain, path, ...(tag && { tag }), ...(digest && { digest }) }
}

/** A first part is a registry only if it could not be a user of Docker Hub: it has a dot, a port, a capital, or is `localhost`. */
function withDomain(text: string): string {
  const slash = text.indexOf('/')
  const first = text.slice(0, slash)
  const isDomain = slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first)
  const domain = !isDomain || first === `index.${defaultDomain}` ? defaultDomain : first
  const rest = isDomain ? text.slice(slash + 1) : text
  return `${domain}/${domain === defaultDomain && !rest.includes('/') ? officialPrefix : ''}${rest}`
}

/** Whether what a user writes has neither a tag nor a digest. */
export const isRepository = (text: string): boolean => !/(?::[^/]*|@.*)$/.test(text)

/** `docker.io/library/nginx`: the key of a repository. */
export const repositoryOf = ({ domain, path }: Reference): string => `${domain}/${path}`

/** The whole of it, `docker.io/library/nginx:alpine`; the digest counts more than the tag. */
export const canonicalName = (reference: Reference): string => repositoryOf(reference) + suffixOf(reference)

/** The repository as Docker shows it, `nginx`. */
function familiarRepository({ domain, path }: Reference): string {
  if (domain !== defaultDomain) return `${domain}/${path}`
  const short = path.startsWith(officialPrefix) ? path.slice(officialPrefix.length) : path
  return short.includes('/') ? path : short
}

/** As Docker shows it: `nginx:alpine`, `ghcr.io/a/b@sha256:...`. */
export const familiarName = (reference: Reference): string => familiarRepository(reference) + suffixOf(reference)

const suffixOf = ({ tag, digest }: Reference): string => (digest ? `@${digest}` : `:${tag}`)
