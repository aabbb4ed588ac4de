import { posix } from 'node:path'
import { messageOf, type Where } from '../../errors.ts'
import { readGitReference } from './git-reference.ts'
import { heredocText } from './heredoc.ts'
import type { Heredoc, Instruction } from './instruction.ts'
import { invalid } from './lines.ts'
import type { AddStep, Chmod, CopyStep, GitSource, HeredocSource, PathSource, UrlSource } from './step.ts'

type CopyInstruction = Extract<Instruction, { keyword: 'ADD' | 'COPY' }>
type Unshown<Step> = Omit<Step, 'instruction' | 'shown'>

/** How the texts of an instruction are expanded: words, and the bodies of here-documents. */
export interface Expander {
  word(text: string): string
  body(text: string): string
}

/** @throws TscomposeError BUILD_DOCKERFILE_INVALID */
export function copyStep(instruction: CopyInstruction, expand: Expander): Unshown<CopyStep> | Unshown<AddStep> {
  const { copy, keyword, where } = instruction
  const chown = copy.chown && expand.word(copy.chown)
  const chmod = copy.chmod && expand.word(copy.chmod)
  const checksum = copy.checksum && expand.word(copy.checksum)
  const written = copy.sources.map(source => expand.word(source))
  const heredocs = copy.heredocs.map(heredoc => heredocSource(heredoc, expand))
  const common = {
    target: expand.word(copy.target),
    link: copy.link,
    excludes: copy.excludes,
    ...(chown && { chown }),
    ...(chmod && { chmod: readChmod(chmod, where) }),
  }
  if (keyword === 'COPY') {
    const sources = written.map(source => copySource(source, copy.parents, where))
    return { keyword, ...common, sources: [...sources, ...heredocs], parents: copy.parents, ...from(copy.from) }
  }
  const sources = written.map(source => addSource(source, copy.keepGitDir, where))
  if (checksum) checkChecksum(checksum, sources, where)
  return {
    keyword,
    ...common,
    sources: [...sources, ...heredocs],
    ...(checksum && { checksum }),
    ...(copy.unpack !== undefined && { unpack: copy.unpack }),
  }
}

const from = (name: string | undefined) => (name === undefined ? {} : { from: name })

const heredocSource = (heredoc: Heredoc, expand: Expander): HeredocSource => {
  const text = heredocText(heredoc)
  return { kind: 'heredoc', name: heredoc.name, content: heredoc.expand ? expand.body(text) : text }
}

function copySource(source: string, parents: boolean, where: Where): PathSource {
  if (gitReference(source, where)) invalid(where, "source can't be a git ref for COPY", 'use ADD')
  if (isUrl(source)) invalid(where, "source can't be a URL for COPY", 'use ADD')
  if (!parents) return { kind: 'path', path: inContext(source) }
  const pivot = source.indexOf('/./')
  if (pivot < 0) return { kind: 'path', path: inContext(source), base: '.' }
  const base = inContext(source.slice(0, pivot))
  return { kind: 'path', path: posix.join(base, inContext(source.slice(pivot + 2))), base }
}

function addSource(source: string, keepGitDir: boolean | undefined, where: Where): PathSource | UrlSource | GitSource {
  const git = gitReference(source, where)
  if (git) {
    if (keepGitDir !== undefined && git.keepGitDir !== undefined && keepGitDir !== git.keepGitDir) {
      invalid(where, 'inconsistent keep-git-dir configuration')
    }
    return { ...git, kind: 'git', keepGitDir: git.keepGitDir ?? keepGitDir ?? false }
  }
  return isUrl(source) ? { kind: 'url', url: source } : { kind: 'path', path: inContext(source) }
}

function gitReference(source: string, where: Where) {
  try {
    return readGitReference(source)
  } catch (error) {
    return invalid(where, messageOf(error))
  }
}

const isUrl = (source: string): boolean => /^https?:\/\//.test(source)

/** Whatever is written, a source is below the root of its tree. */
const inContext = (path: string): string => posix.join('/', path).replace(/^\/+|\/+$/g, '') || '.'

function checkChecksum(checksum: string, sources: readonly (PathSource | UrlSource | GitSource)[], where: Where): void {
  const [source] = sources
  if (sources.length !== 1 || !source) invalid(where, "checksum can't be specified for multiple sources")
  if (source.kind === 'path') invalid(where, 'checksum requires HTTP(S) or Git sources')
  const right =
    source.kind === 'git' ? /^[0-9a-f]{4,64}$/ : /^sha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})$/
  if (!right.test(checksum)) {
    invalid(
      where,
      `invalid checksum ${JSON.stringify(checksum)}`,
      'of a URL: sha256: and 64 hex digits; of git: a commit',
    )
  }
}

const symbolic = /^[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+(?:,[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+)*$/

function readChmod(text: string, where: Where): Chmod {
  if (/^[0-7]{1,5}$/.test(text) && Number.parseInt(text, 8) <= 0o7777) return { mode: Number.parseInt(text, 8) }
  if (!/^\d/.test(text) && symbolic.test(text)) return { symbolic: text }
  return invalid(
    where,
    `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`,
    'or changes in the language of chmod(1), such as u=rwX,go=rX',
  )
}
