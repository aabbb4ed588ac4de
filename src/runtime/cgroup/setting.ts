import { TscomposeError } from '../../errors.ts'

/** One write to a file of a cgroup, to put one limit in place. */
export interface Setting {
  readonly controller: string
  /** The first of these that the kernel has. */
  readonly files: readonly string[]
  /** What the user calls it: `memory limit`. */
  readonly limit: string
  readonly value: string
  /** Whether the file shows the value again as it was written. */
  readonly readBack: boolean
}

export const setting = (
  controller: string,
  file: string | readonly string[],
  limit: string,
  value: string | number | undefined,
  { readBack = true } = {},
): readonly Setting[] =>
  value === undefined
    ? []
    : [{ controller, files: typeof file === 'string' ? [file] : file, limit, value: String(value), readBack }]

/** Files of one cgroup; errors as those of node:fs. */
export interface ReadableFiles {
  read(controller: string, file: string): string
}
export interface CgroupFiles extends ReadableFiles {
  write(controller: string, file: string, value: string): void
}

/** The kernel was built or booted without it. */
const unsupported = new Set(['ENOENT', 'ENOTSUP', 'EOPNOTSUPP', 'ENODEV', 'EACCES', 'EPERM', 'EROFS'])

/**
 * Writes settings in their order, those that fail once more at the end: the kernel wants `limit <= swap limit` at every
 * moment, so whether the one or the other must be first depends on what was set before.
 */
export function applySettings(files: CgroupFiles, settings: readonly Setting[]): readonly string[] {
  const warnings: string[] = []
  const again: Setting[] = []
  for (const setting of settings) {
    const failure = attempt(files, setting)
    if (failure === undefined) continue
    if (unsupported.has(failure.code ?? '')) warnings.push(missing(setting))
    else again.push(setting)
  }
  for (const setting of again) {
    const failure = attempt(files, setting)
    if (failure) throw refused(setting, failure)
  }
  for (const setting of settings) {
    const effective = effectiveValue(files, setting)
    if (effective !== undefined)
      warnings.push(
        `the ${setting.controller} controller changed the ${setting.limit} of ${setting.value} to ${effective}`,
      )
  }
  return warnings
}

function attempt(files: CgroupFiles, { controller, files: names, value }: Setting): NodeJS.ErrnoException | undefined {
  let failure: NodeJS.ErrnoException | undefined
  for (const name of names) {
    try {
      files.write(controller, name, value)
      return undefined
    } catch (error) {
      failure = error as NodeJS.ErrnoException
      if (failure.code !== 'ENOENT') return failure
    }
  }
  return failure
}

/** What the kernel made of a value; undefined where it is what was asked for. */
function effectiveValue(files: CgroupFiles, setting: Setting): string | undefined {
  if (!setting.readBack) return undefined
  const text = setting.files.map(name => tryRead(files, setting.controller, name)).find(found => found !== undefined)
  if (text === undefined) return undefined // it could not be set; there is a warning already
  const effective = text.trim()
  if (effective === setting.value) return undefined
  if (setting.controller !== 'memory') return effective
  // Limits in bytes are rounded to pages (of at most 64 KiB); -1, no limit, is shown as the greatest multiple of a page.
  const wanted = Number(setting.value)
  return wanted < 0 || Math.abs(Number(effective) - wanted) < 65_536 ? undefined : effective
}

function tryRead(files: CgroupFiles, controller: string, file: string): string | undefined {
  try {
    return files.read(controller, file)
  } catch {
    return undefined
  }
}

const missing = ({ controller, limit }: Setting) =>
  `the ${limit} is ignored: the ${controller} controller of this machine cannot set it`

const refused = ({ controller, files, limit, value }: Setting, cause: NodeJS.ErrnoException) =>
  new TscomposeError(
    'RUNTIME_LIMIT_REFUSED',
    `the kernel refuses ${value} as ${limit}: writing ${files[0]} of the ${controller} controller fails with ${cause.code}`,
    { cause },
  )
