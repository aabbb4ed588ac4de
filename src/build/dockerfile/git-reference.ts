import type { GitReference } from './step.ts'

interface ParsedGit extends GitReference {
  /** `?keep-git-dir=` */
  readonly keepGitDir?: boolean
}

/**
 * Reads a URL of a git repository: `https://host/repo.git`, `git@host:repo`, `ssh://`, `git://`, with `#ref:subdir` or
 * `?ref=&subdir=` behind it.
 * @returns undefined if the text is something else
 * @throws Error for a query that cannot be understood
 */
export function readGitReference(text: string): ParsedGit | undefined {
  const [, address = '', fragment = ''] = /^([^#]*)(?:#([^]*))?$/.exec(text) ?? []
  const question = address.indexOf('?')
  const remote = question < 0 ? address : address.slice(0, question)
  if (!isRepository(remote)) return undefined
  const [ref = '', ...subdir] = fragment.split(':')
  const query = readQuery(new URLSearchParams(question < 0 ? '' : address.slice(question + 1)))
  const merged = { ref: agreed('ref', ref, query.ref), subdir: agreed('subdir', subdir.join(':'), query.subdir) }
  return {
    remote,
    submodules: query.submodules ?? true,
    ...(merged.ref && { ref: merged.ref }),
    ...(merged.subdir && { subdir: merged.subdir }),
    ...(query.commit && { commit: query.commit }),
    ...(query.keepGitDir !== undefined && { keepGitDir: query.keepGitDir }),
  }
}

function isRepository(remote: string): boolean {
  if (/^https?:\/\/[^/]+\/.*\.git$/.test(remote)) return true
  if (/^(?:ssh|git):\/\/[^/]+\/./.test(remote)) return true
  // scp's notation, USER@HOST:PATH
  return /^[a-zA-Z0-9-_]+@[a-zA-Z0-9-.]+:.+/.test(remote)
}

interface Query {
  ref?: string
  subdir?: string
  commit?: string
  keepGitDir?: boolean
  submodules?: boolean
}

function readQuery(parameters: URLSearchParams): Query {
  const query: Query = {}
  for (const [name, value] of parameters) {
    if (parameters.getAll(name).length > 1) throw new Error(`query "${name}" has multiple values`)
    const isSwitch = name === 'keep-git-dir' || name === 'submodules'
    if (!value && !isSwitch) throw new Error(`query "${name}" has no value`)
    if (name === 'ref') query.ref = agreed('ref', query.ref, value)
    else if (name === 'tag') query.ref = agreed('ref', query.ref, value.replace(/^(?:refs\/tags\/)?/, 'refs/tags/'))
    else if (name === 'branch')
      query.ref = agreed('ref', query.ref, value.replace(/^(?:refs\/heads\/)?/, 'refs/heads/'))
    else if (name === 'subdir') query.subdir = value
    else if (name === 'checksum' || name === 'commit') query.commit = value
    else if (name === 'keep-git-dir') query.keepGitDir = switchValue(name, value)
    else if (name === 'submodules') query.submodules = switchValue(name, value)
    else throw new Error(`unexpected query "${name}"`)
  }
  return query
}

function switchValue(name: string, value: string): boolean {
  if (/^(?:|1|t|true)$/i.test(value)) return true
  if (/^(?:0|f|false)$/i.test(value)) return false
  throw new Error(`invalid ${name} value: "${value}"`)
}

/** One of two ways to say the same, or both if they agree. */
function agreed(what: string, one = '', other = ''): string {
  if (one && other && one !== other) throw new Error(`${what} conflicts: "${one}" vs "${other}"`)
  return one || other
}
