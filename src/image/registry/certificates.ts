import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { getCACertificates } from 'node:tls'
import { TscomposeError } from '../../errors.ts'

/** What a TLS connection to a registry is verified with, and what it is opened with. */
export interface Certificates {
  readonly ca: string[]
  readonly cert?: Buffer
  readonly key?: Buffer
}

/** Directories with a directory for each registry, `HOST` or `HOST:PORT`, as Docker has them; ours counts first. */
const roots = (): readonly string[] => [
  join(dirname(process.env.TSCOMPOSE_CONFIG || '/etc/tscompose/config.json'), 'certs.d'),
  '/etc/docker/certs.d',
]

/**
 * The certificates for a registry: those of Node and of the system, and what its directory under `certs.d` has: `*.crt`
 * authorities, `*.cert` with `*.key` to show (Docker, "Verify repository client with certificates").
 * @throws TscomposeError REGISTRY_CREDENTIALS_INVALID for a file that cannot be read, or a certificate without a key
 */
export function certificatesFor(host: string): Certificates {
  // Node brings certificates of its own; a company's stand among those of the system.
  const ca = [...getCACertificates(), ...getCACertificates('system')]
  const directory = roots()
    .map(root => join(root, host))
    .find(path => namesIn(path).length > 0)
  if (!directory) return { ca }
  const names = namesIn(directory)
  const read = (name: string) => {
    try {
      return readFileSync(join(directory, name))
    } catch (cause) {
      throw invalid(`cannot read ${join(directory, name)}: ${(cause as Error).message}`)
    }
  }
  const own = names.filter(name => name.endsWith('.crt')).map(name => read(name).toString())
  const cert = names.find(name => name.endsWith('.cert'))
  const key = cert?.replace(/\.cert$/, '.key')
  if (cert && key && !names.includes(key)) throw invalid(`${join(directory, cert)} has no ${key} beside it`)
  return { ca: [...ca, ...own], ...(cert && key && { cert: read(cert), key: read(key) }) }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort()
  } catch {
    return []
  }
}

const invalid = (message: string) => new TscomposeError('REGISTRY_CREDENTIALS_INVALID', message)
