import { basename } from 'node:path'
import type { Where } from '../../errors.ts'
import { TscomposeError } from '../../errors.ts'
import type { ParsedFile } from './documents.ts'
import type { Lookup } from './template.ts'
import { substitute, TemplateError } from './template.ts'
import { mapOf, whereOf } from './yaml/node.ts'

function normalizeProjectName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '')
}

interface Sources {
  /** `-p`. */
  readonly flag: string | undefined
  /** COMPOSE_PROJECT_NAME. */
  readonly variable: string | undefined
  readonly directory: string
  readonly files: readonly ParsedFile[]
  readonly lookup: Lookup
  readonly interpolate: boolean
  readonly normalize: boolean
}

/** The name of a project (compose-file.md, section 5). @returns an empty text where none is left */
export function projectName({ flag, variable, directory, files, lookup, interpolate, normalize }: Sources): string {
  const given = flag || variable
  if (given) return checked(given)
  const named = files
    .flatMap(({ documents }) => documents)
    .map(({ node }) => mapOf(node)?.entries.get('name'))
    .filter(node => node?.kind === 'scalar')
    .filter(({ type, value }) => type !== 'null' && value !== '')
    .at(-1)
  if (!named) return normalizeProjectName(basename(directory))
  const template = String(named.value)
  const name = interpolate ? interpolated(template, lookup, whereOf(named)) : template
  return normalize ? normalizeProjectName(name) : name
}

function interpolated(template: string, lookup: Lookup, where: Where): string {
  try {
    return substitute(template, lookup)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const { kind, message } = error.problem
    if (kind === 'required')
      throw new TscomposeError('COMPOSE_VARIABLE_REQUIRED', `error while interpolating name: ${message}`, { where })
    throw new TscomposeError(
      'COMPOSE_TEMPLATE_INVALID',
      `invalid interpolation format for name.\nYou may need to escape any $ with another $.\n${template}`,
      { where },
    )
  }
}

function checked(name: string): string {
  const normal = normalizeProjectName(name)
  if (normal === name) return name
  throw new TscomposeError(
    'COMPOSE_PROJECT_NAME',
    `invalid project name ${JSON.stringify(name)}: must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number`,
    normal === '' ? {} : { fix: `"${normal}" would be a valid name.` },
  )
}
