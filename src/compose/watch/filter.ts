import path from 'node:path'
import { IgnoreRules } from '../../ignore.ts'
import { type Context, isWithin } from './rules.ts'

/** Which paths below a watched one count. Paths are relative to it; it is `` itself. */
export interface Filter {
  ignores(relative: string): boolean
  /** Whether a directory need not be opened. */
  ignoresAllIn(relative: string): boolean
}

/** What editors and version control put beside the files of a project. */
const never = [
  '**/.git',
  // vim: swap files, a file to try whether it may write (4913), backups
  '**/*.swp',
  '**/*.swo',
  '**/*.swx',
  '**/4913',
  '**/*~',
  // emacs
  '**/.#*',
  '**/#*#',
  // Kate, JetBrains, Sublime Text
  '**/.*.kate-swp',
  '**/*___jb_tmp___',
  '**/*___jb_old___',
  '**/.subl*.tmp',
]

/** @param watched absolute; `ignore` and `include` are relative to it */
export function filterOf(
  watched: string,
  {
    ignore,
    include,
    context,
  }: { readonly ignore: readonly string[]; readonly include: readonly string[]; readonly context?: Context },
): Filter {
  const own = new IgnoreRules([...ignore, ...never])
  // What is included is what these rules "ignore".
  const included = include.length > 0 ? new IgnoreRules(include) : undefined
  const inContext = (relative: string): string | undefined => {
    const absolute = path.join(watched, relative)
    return context && absolute !== context.directory && isWithin(context.directory, absolute)
      ? path.relative(context.directory, absolute)
      : undefined
  }
  return {
    ignores(relative) {
      const name = inContext(relative)
      if (name !== undefined && context?.ignore.ignores(name)) return true
      return relative !== '' && (own.ignores(relative) || (included !== undefined && !included.ignores(relative)))
    },
    ignoresAllIn(relative) {
      const name = inContext(relative)
      if (name !== undefined && context?.ignore.ignoresAllIn(name)) return true
      return relative !== '' && own.ignoresAllIn(relative)
    },
  }
}
